import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input, Select } from "@/components/ui/field";
import { Section, Table } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { NotReplayed, Replayed, ReplayResult, RoutingSettings } from "@/lib/api/types";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { useAsk } from "./use-ask";
import { percent, tasks } from "./words";

interface Props {
  draft: RoutingSettings;
  changed: boolean;
}

/** What the settings above, saved or not, would have come to in the last days. */
export function Replay({ draft, changed }: Props) {
  const [days, setDays] = useState("30");
  const [task, setTask] = useState("");
  const replay = useAsk<void, ReplayResult>(() =>
    api.post<ReplayResult>("/routing/replay", {
      weights: draft.weights,
      preferred_provider: draft.preferred_provider,
      preferred_margin: draft.preferred_margin,
      days: Number(days),
      task_type: task || null,
    }),
  );
  return (
    <Section
      title="Replay"
      description={`What ${changed ? "the changes above, before they are saved," : "the settings above"} would have come to: the logged decisions are made anew, and the outcomes of those that were tried tell. Move a weight and look.`}
    >
      <form
        className="flex flex-wrap items-end gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void replay.run();
        }}
      >
        <Field label="Days">{(ids) => <Input {...ids} required type="number" min="1" max="400" step="1" className="w-24" value={days} onChange={(event) => setDays(event.target.value)} />}</Field>
        <Field label="Of the task">
          {(ids) => (
            <Select {...ids} className="w-40" value={task} onChange={(event) => setTask(event.target.value)}>
              <option value="">every task</option>
              {tasks.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Field>
        <Button type="submit" busy={replay.busy}>
          {!replay.busy && <RotateCcw className="size-4" />}
          Replay
        </Button>
      </form>
      <div aria-live="polite" className="grid gap-4">
        {replay.error ? <SaysNothing error={replay.error} /> : replay.data && <Result result={replay.data} />}
      </div>
    </Section>
  );
}

function SaysNothing({ error }: { error: unknown }) {
  const { data: models } = useModels();
  if (!(error instanceof ApiProblem) || error.slug !== "no-support") return <Notice tone="danger">{messageOf(error)}</Notice>;
  const missing = Object.entries((error.body.missing as Record<string, number> | undefined) ?? {});
  const leftOut = (error.body.left_out as NotReplayed[] | undefined) ?? [];
  return (
    <Notice tone="warn">
      <p className="font-medium">The replay says nothing, rather than guess.</p>
      <p className="mt-1">{messageOf(error)}</p>
      {missing.length > 0 && (
        <p className="mt-1">Chosen now, and never tried then: {missing.map(([model, count]) => `${modelName(models, model)} (${formatCount(count)} decisions)`).join(", ")}.</p>
      )}
      <LeftOut of={leftOut} />
    </Notice>
  );
}

const whyNot = ({ why, rule }: NotReplayed): string =>
  why === "pattern"
    ? `where the rule “${rule}” would decide by words of the prompt, which is not kept`
    : why === "conversation"
      ? "that went on with the conversation’s model"
      : "of which the candidates’ figures were not kept";

/** Decisions that the figures do not speak of. */
const LeftOut = ({ of }: { of: NotReplayed[] }) =>
  of.length > 0 && (
    <ul aria-label="Not replayed" className="mt-1 list-disc pl-5 text-[13px]">
      {of.map((one) => (
        <li key={`${one.why} ${one.rule}`}>
          {formatCount(one.decisions)} {one.decisions === 1 ? "decision" : "decisions"} {whyNot(one)}
        </li>
      ))}
    </ul>
  );

const shareText = (value: number) => `${(value * 100).toFixed(1)}%`;

const figures: { of: "quality" | "success" | "cost" | "latency_ms"; name: string; text: (value: number) => string; more: "better" | "worse" }[] = [
  { of: "quality", name: "Quality, of rated answers", text: shareText, more: "better" },
  { of: "success", name: "Success", text: shareText, more: "better" },
  { of: "cost", name: "Cost a call", text: formatMoney, more: "worse" },
  { of: "latency_ms", name: "Time a call", text: formatDuration, more: "worse" },
];

function Result({ result }: { result: ReplayResult }) {
  const { data: models } = useModels();
  const goes = Object.entries(result.models).sort((a, b) => b[1] - a[1]);
  if (result.decisions === 0) return <Notice>No decision of this time can be replayed. Calls of auto are logged as they come.</Notice>;
  return (
    <>
      <p className="text-sm">
        <span className="font-semibold tabular-nums">{percent(result.changed)}</span> of {formatCount(result.decisions)} decisions would be others.
        {result.unsupported > 0 && <span className="text-ink-2"> {percent(result.unsupported)} could never have been tried, and say nothing.</span>}
      </p>
      {result.left_out.length > 0 && (
        <div className="text-[13px] text-ink-2">
          Not replayed, so the figures do not speak of them:
          <LeftOut of={result.left_out} />
        </div>
      )}
      <Table label="Replay" head={[<span className="sr-only">Figure</span>, "As it was", "Would be", "Between (95%)", "Rests on", "Shows"]} right={[1, 2, 3, 4]}>
        {figures.map(({ of, name, text, more }) => {
          const found = result[of];
          return (
            <tr key={of} className="tabular-nums">
              <th scope="row" className="px-4 text-left font-medium whitespace-nowrap">
                {name}
              </th>
              {found ? (
                <>
                  <td className="text-right">{text(found.logged)}</td>
                  <td className="text-right font-medium">{text(found.value)}</td>
                  <td className="text-right whitespace-nowrap">
                    {text(found.low)} to {text(found.high)}
                  </td>
                  <td className="text-right whitespace-nowrap">{formatCount(Math.round(found.effective))}</td>
                  <td>
                    <Verdict of={found} more={more} />
                  </td>
                </>
              ) : (
                <td colSpan={5} className="text-ink-3">
                  Fewer than 30 decisions tell of it: nothing can be said.
                </td>
              )}
            </tr>
          );
        })}
      </Table>
      <p className="text-[13px] text-ink-3">“Rests on” counts decisions of equal weight. An interval that holds what was logged shows no difference.</p>
      <div className="grid gap-2">
        <h3 className="text-[13px] font-medium">Where calls would go</h3>
        <ul className="grid gap-1.5">
          {goes.slice(0, 12).map(([model, share]) => (
            <li key={model} className="grid grid-cols-[minmax(0,14rem)_1fr_3rem] items-center gap-3 text-[13px]">
              <span className="truncate">{modelName(models, model)}</span>
              <span aria-hidden className="h-2 overflow-hidden rounded-full bg-subtle">
                <span className="block h-full rounded-full bg-accent" style={{ width: `${share * 100}%` }} />
              </span>
              <span className="text-right tabular-nums">{percent(share)}</span>
            </li>
          ))}
        </ul>
      </div>
    </>
  );
}

/** An interval that holds the logged value shows no difference. */
function Verdict({ of, more }: { of: Replayed; more: "better" | "worse" }) {
  if (of.low <= of.logged && of.logged <= of.high) return <Badge>no difference</Badge>;
  const better = of.value > of.logged === (more === "better");
  return <Badge tone={better ? "good" : "danger"}>{better ? "better" : "worse"}</Badge>;
}
