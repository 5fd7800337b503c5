import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { ModelPicker } from "@/components/conversation/model-picker";
import { Markdown } from "@/components/markdown";
import { Button } from "@/components/ui/button";
import { Details } from "@/components/ui/details";
import { CopyButton } from "@/components/ui/parts";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { PLAN, SOLUTION, solutionState } from "./drawing";
import type { Acts } from "./queries";
import { StateMark } from "./state-mark";
import { StepView } from "./step-view";
import type { Node, Session, Step } from "./types";
import { howSure, listed, percent, restsOn } from "./words";

interface Props {
  session: Session;
  id: string;
  /** None where nothing may be changed. */
  acts: Acts | null;
}

/** Everything about one node: its answer, what that rests on, how it came about and what it cost. */
export function NodePanel({ session, id, acts }: Props) {
  const node = session.nodes.find((one) => one.id === id);
  if (node) return <OneNode session={session} node={node} acts={acts} />;
  const known = new Set(session.nodes.map((one) => one.id));
  const whole = session.steps.filter((step) => step.node_id === null || !known.has(step.node_id));
  if (id === PLAN)
    return (
      <div className="grid gap-4">
        <h3 className="text-[15px] font-semibold">Plan</h3>
        {session.constraints.length > 0 && (
          <div className="text-sm">
            <p className="text-[13px] font-medium">Conditions that were added</p>
            <ul className="list-disc pl-5">
              {session.constraints.map((text, at) => (
                <li key={at} className="[overflow-wrap:anywhere]">
                  {text}
                </li>
              ))}
            </ul>
          </div>
        )}
        <Steps steps={whole.filter((step) => step.step_type === "decompose")} none="The plan is not made yet." />
      </div>
    );
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <h3 className="text-[15px] font-semibold">Solution</h3>
        {id === SOLUTION && <StateMark state={solutionState(session)} />}
      </div>
      <p className="text-sm text-ink-2">{howSure(session)}</p>
      <Steps steps={whole.filter((step) => step.step_type !== "decompose")} none="It is put together when the steps before it are done." />
    </div>
  );
}

function OneNode({ session, node, acts }: { session: Session; node: Node; acts: Acts | null }) {
  const { data: models } = useModels();
  const steps = session.steps.filter((step) => step.node_id === node.id);
  const sum = (of: (step: Step) => number) => steps.reduce((total, step) => total + of(step), 0);
  const self = steps.findLast((step) => step.self_confidence !== null)?.self_confidence ?? null;
  const asked = [...new Set(steps.flatMap((step) => (step.model_used ? [modelName(models, step.model_used)] : [])))];
  return (
    <div className="grid gap-4">
      <div className="grid gap-1.5">
        <div className="flex flex-wrap items-center gap-3">
          <h3 className="text-[15px] font-semibold">{node.id}</h3>
          <StateMark state={node.state} />
          {acts && node.state !== "pending" && node.state !== "running" && <Retry key={node.id} node={node} acts={acts} />}
        </div>
        <p className="text-sm [overflow-wrap:anywhere]">{node.question}</p>
      </div>
      {node.error && <p className="text-sm text-danger [overflow-wrap:anywhere]">{node.error}</p>}
      {node.answer !== null && (
        <div className="grid gap-1">
          <div className="flex items-center justify-between">
            <h4 className="text-[13px] font-medium">Answer</h4>
            <CopyButton text={node.answer} label="Copy the answer" />
          </div>
          <div className="min-w-0 rounded-lg bg-subtle px-3 py-2 text-sm [overflow-wrap:anywhere]">
            <Markdown text={node.answer} />
          </div>
        </div>
      )}
      {(node.state === "verified" || node.state === "answered") && (
        <div className="grid gap-1">
          <h4 className="text-[13px] font-medium">What it rests on</h4>
          <p className="text-sm">{restsOn(node)}.</p>
          {node.basis && <p className="text-[13px] text-ink-2 [overflow-wrap:anywhere]">{node.basis}</p>}
          {node.confidence !== null && <p className="text-[13px] text-ink-2">So often are answers right that rest on this: {percent(node.confidence)}.</p>}
          {self !== null && <p className="text-[13px] text-ink-3">The model says of itself: {percent(self)}.</p>}
        </div>
      )}
      <Details
        rows={[
          ["Needs", node.depends_on.length ? listed(node.depends_on) : null],
          ["Models", asked.length ? listed(asked) : node.model ? modelName(models, node.model) : null],
          ["Tools", node.tools.length ? listed(node.tools) : null],
          ["Tries", node.attempts ? String(node.attempts) : null],
          ["Tokens", steps.length ? formatCount(sum((step) => step.tokens_used)) : null],
          ["Cost", steps.length ? formatMoney(node.cost) : null],
          ["Time", steps.length ? formatDuration(sum((step) => step.duration_ms)) : null],
        ]}
      />
      <Steps steps={steps} none={node.state === "pending" ? "It waits for what it needs." : "No step of it has ended yet."} />
    </div>
  );
}

function Steps({ steps, none }: { steps: Step[]; none: string }) {
  if (steps.length === 0) return <p className="text-sm text-ink-3">{none}</p>;
  return (
    <div className="grid gap-4 border-t pt-4">
      {steps.map((step) => (
        <StepView key={step.id} step={step} />
      ))}
    </div>
  );
}

/** Solves a node anew, and what rests on it. */
function Retry({ node, acts }: { node: Node; acts: Acts }) {
  const [model, setModel] = useState<string | null>(null);
  return (
    <span className="ml-auto flex min-w-0 items-center">
      <ModelPicker value={model ?? "auto"} onPick={(id) => setModel(id === "auto" ? null : id)} align="end" />
      <Button size="sm" busy={acts.busy === "retry"} title="Solves this step anew, and what rests on it" onClick={() => void acts.steer({ kind: "retry", node_id: node.id, model })}>
        {acts.busy !== "retry" && <RotateCcw className="size-3.5" />}
        Solve anew
      </Button>
    </span>
  );
}
