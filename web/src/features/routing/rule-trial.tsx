import { FlaskConical } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Textarea } from "@/components/ui/field";
import { Badge, Notice } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { Rule, RuleTested } from "@/lib/api/types";
import { formatDuration, formatMoney } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { type Draft, settingsOf } from "./draft";
import { type Faults, faultsOf, noFaults, unmetText } from "./words";

interface Props {
  draft: Draft;
  stored: Rule | null;
  onFaults: (faults: Faults) => void;
}

/** What the rule would do to a prompt, among the others, before it is saved. Nothing is called. */
export function RuleTrial({ draft, stored, onFaults }: Props) {
  const [prompt, setPrompt] = useState("");
  const [busy, setBusy] = useState(false);
  const [tested, setTested] = useState<RuleTested | null>(null);
  const [error, setError] = useState("");

  const test = async () => {
    setBusy(true);
    setTested(null);
    setError("");
    onFaults(noFaults);
    const rule = settingsOf(draft);
    const level = rule.conditions?.quality_levels?.[0];
    try {
      setTested(
        await api.post<RuleTested>("/routing/rules/test", {
          prompt,
          rule: { ...rule, name: rule.name || "This rule", ...(stored ? { priority: stored.priority } : {}) },
          scope: draft.scope,
          capabilities: rule.conditions?.capabilities ?? [],
          ...(level ? { quality_level: level } : {}),
          ...(stored?.is_active ? { replaces: stored.id } : {}),
        }),
      );
    } catch (fault) {
      const found = faultsOf(fault);
      onFaults({ ...found, rest: "" });
      setError(found.rest || "See the field that is marked above.");
    }
    setBusy(false);
  };

  return (
    <fieldset className="grid min-w-0 gap-3 rounded-xl bg-panel p-4">
      <legend className="sr-only">Try it before you save</legend>
      <Field label="Try it on a prompt" hint="Nothing is called and nothing is saved. The call is taken to need the capabilities, and ask for the level, that the rule names.">
        {(ids) => <Textarea {...ids} rows={2} className="min-h-16" placeholder="Sort this list in Python" value={prompt} onChange={(event) => setPrompt(event.target.value)} />}
      </Field>
      <Button size="sm" className="justify-self-start" busy={busy} disabled={!prompt.trim() || !draft.target.trim()} onClick={test}>
        {!busy && <FlaskConical className="size-3.5" />}
        Test
      </Button>
      <div aria-live="polite">
        {error && <Notice tone="danger">{error}</Notice>}
        {tested && <Outcome tested={tested} />}
      </div>
    </fieldset>
  );
}

function Outcome({ tested }: { tested: RuleTested }) {
  const { data: models } = useModels();
  const { result } = tested;
  // The rule that is not saved is the one without an id.
  const own = tested.asked.find((rule) => rule.id === null);
  const decides = tested.matched !== null && tested.matched.id === null;
  return (
    <div className="grid gap-2 text-sm">
      <p className="flex flex-wrap items-center gap-2">
        {decides ? (
          <Badge tone="good">matched</Badge>
        ) : own?.holds ? (
          <Badge tone="warn">matched, not used</Badge>
        ) : own ? (
          <Badge tone="danger">not matched</Badge>
        ) : (
          <Badge tone="warn">not asked</Badge>
        )}
        <span>
          {decides
            ? "This rule decides."
            : own?.holds
              ? `Its conditions hold, but ${own.why ?? "none of its models can take the call"}.`
              : own
                ? `It does not hold: ${unmetText(own.unmet ?? "")}.`
                : `${tested.matched?.name ?? "Another rule"} is asked before it, and decides.`}
        </span>
      </p>
      <p className="[overflow-wrap:anywhere]">
        <span className="font-medium">{modelName(models, result.model)}</span> would answer, <span className="text-ink-2">because {result.reason}.</span>
      </p>
      <p className="text-[13px] text-ink-3">
        Read as {result.task_type}, {result.input_tokens} tokens. About {formatMoney(result.estimated_cost)} and {formatDuration(result.estimated_latency_ms)}.
      </p>
      {tested.asked.length > 1 && (
        <details className="text-[13px] text-ink-2">
          <summary className="w-fit text-accent underline underline-offset-3">Rules that were asked</summary>
          <ol className="mt-1.5 grid list-decimal gap-1 pl-5">
            {tested.asked.map((rule) => (
              <li key={rule.id ?? "this"}>
                <span className="font-medium">{rule.name}</span>: {rule.holds ? (rule.why ?? "holds") : unmetText(rule.unmet ?? "")}
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  );
}
