import { Play } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import { Card, Section } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { RouteResult } from "@/lib/api/types";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";
import { modelName, providerName, useModels } from "@/lib/models";
import { Candidates } from "./candidates";
import { Choices } from "./choices";
import { ProviderSelect } from "./provider-select";
import { useAsk } from "./use-ask";
import { capabilities, capabilityName, chosenBy, languageName, levels, percent } from "./words";

/** Which model a prompt would go to, and why. Nothing is called. */
export function TryPrompt() {
  const [prompt, setPrompt] = useState("Write a Python function that merges two sorted lists, and explain how long it takes.");
  const [level, setLevel] = useState("balanced");
  const [cost, setCost] = useState("");
  const [seconds, setSeconds] = useState("");
  const [provider, setProvider] = useState("");
  const [needs, setNeeds] = useState<(typeof capabilities)[number][]>([]);
  const ask = useAsk((_: null) =>
    api.post<RouteResult>("/routing/route", {
      prompt,
      quality_level: level,
      max_cost: cost || null,
      max_latency_ms: seconds ? Math.round(Number(seconds) * 1000) : null,
      preferred_provider: provider || null,
      capabilities: needs,
      explain: true,
    }),
  );
  return (
    <>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void ask.run(null);
        }}
      >
        <Field label="Prompt">{(ids) => <Textarea {...ids} required rows={4} value={prompt} onChange={(event) => setPrompt(event.target.value)} />}</Field>
        <div className="grid grid-cols-2 items-start gap-4 md:grid-cols-4">
          <Field label="Quality level">
            {(ids) => (
              <Select {...ids} className="capitalize" value={level} onChange={(event) => setLevel(event.target.value)}>
                {levels.map((one) => (
                  <option key={one}>{one}</option>
                ))}
              </Select>
            )}
          </Field>
          <Field label="Cost at most ($)">{(ids) => <Input {...ids} type="number" min="0" step="any" inputMode="decimal" placeholder="any" value={cost} onChange={(event) => setCost(event.target.value)} />}</Field>
          <Field label="Time at most (s)">{(ids) => <Input {...ids} type="number" min="0" max="3600" step="any" inputMode="decimal" placeholder="any" value={seconds} onChange={(event) => setSeconds(event.target.value)} />}</Field>
          <Field label="Preferred provider">{(ids) => <ProviderSelect ids={ids} none="None" value={provider} onChange={setProvider} />}</Field>
        </div>
        <details className="text-[13px]">
          <summary className="w-fit text-accent underline underline-offset-3">It also needs{needs.length ? `: ${needs.map(capabilityName).join(", ")}` : " …"}</summary>
          <div className="mt-2">
            <Choices label="Needed capabilities" all={capabilities} chosen={needs} name={capabilityName} onChange={setNeeds} />
          </div>
        </details>
        <div className="flex flex-wrap items-center gap-3">
          <Button type="submit" variant="primary" busy={ask.busy} disabled={!prompt.trim()}>
            {!ask.busy && <Play className="size-4" />}
            Choose a model
          </Button>
          <span className="text-[13px] text-ink-3">Nothing is called, and nothing is kept.</span>
        </div>
      </form>
      <div aria-live="polite" className="grid gap-8">
        {ask.error ? <Refused error={ask.error} /> : ask.data && <Result result={ask.data} />}
      </div>
    </>
  );
}

function Result({ result }: { result: RouteResult }) {
  const { data: models } = useModels();
  return (
    <>
      <Section title="The choice">
        <Card className="grid gap-4 p-5">
          <div className="grid gap-1.5">
            <p className="flex flex-wrap items-center gap-2">
              <span className="text-lg font-semibold tracking-tight">{modelName(models, result.model)}</span>
              <span className="text-[13px] text-ink-3">{providerName(result.provider)}</span>
              <Badge tone="accent">by {result.rule ? `the rule ${result.rule.name}` : chosenBy[result.chosen_by]}</Badge>
            </p>
            <p className="text-sm text-ink-2 [overflow-wrap:anywhere]">{capitalised(result.reason)}.</p>
          </div>
          <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4">
            <Fact name="Cost, about" value={formatMoney(result.estimated_cost)} />
            <Fact name="Time, about" value={formatDuration(result.estimated_latency_ms)} />
            <Fact name="Confidence" value={percent(result.confidence)} />
            <Fact name="Prompt" value={`${formatCount(result.input_tokens)} tokens`} />
            <Fact name="Read as" value={`${result.task_type} (${percent(result.task_confidence)})`} />
            <Fact name="Language" value={result.language ? languageName(result.language) : "not clear"} />
            <Fact name="Level" value={result.quality_level} />
          </dl>
          {result.fallbacks.length > 0 && (
            <p className="text-sm text-ink-2">
              If it fails: <span className="text-ink">{result.fallbacks.map((one) => modelName(models, one.model)).join(", then ")}</span>
            </p>
          )}
        </Card>
      </Section>
      {result.candidates && result.weights && <Candidates candidates={result.candidates} weights={result.weights} chosen={result.model} />}
      {result.left_out && result.left_out.length > 0 && <LeftOut items={result.left_out} />}
    </>
  );
}

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

const Fact = ({ name, value }: { name: string; value: string }) => (
  <div>
    <dt className="text-[13px] text-ink-3">{name}</dt>
    <dd className="text-sm font-medium tabular-nums">{value}</dd>
  </div>
);

/** Models of one reason together: most of them are simply not connected. */
function LeftOut({ items }: { items: { model: string; why: string }[] }) {
  const byReason = new Map<string, string[]>();
  for (const { model, why } of items) byReason.set(why, [...(byReason.get(why) ?? []), model]);
  const groups = [...byReason].sort((a, b) => a[1].length - b[1].length);
  return (
    <Section title={`Not considered (${items.length})`} description="What cannot take this call, and why.">
      <Card>
        <ul className="divide-y text-sm">
          {groups.map(([why, names]) => (
            <li key={why} className="grid gap-1 px-5 py-3 sm:grid-cols-[14rem_1fr] sm:gap-6">
              <span className="font-medium [overflow-wrap:anywhere]">{capitalised(why)}</span>
              <Names names={names} />
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  );
}

const FEW = 6;

function Names({ names }: { names: string[] }) {
  const [all, setAll] = useState(false);
  const shown = all ? names : names.slice(0, FEW);
  return (
    <span className="font-mono text-[12.5px] leading-relaxed text-ink-2 [overflow-wrap:anywhere]">
      {shown.join(", ")}
      {names.length > FEW && (
        <>
          {" "}
          <button type="button" aria-expanded={all} className="font-sans text-[13px] text-accent underline underline-offset-3" onClick={() => setAll(!all)}>
            {all ? "fewer" : `and ${names.length - FEW} more`}
          </button>
        </>
      )}
    </span>
  );
}

interface Cheapest {
  model: string;
  estimated_cost: string;
  estimated_latency_ms: number;
}

function Refused({ error }: { error: unknown }) {
  const body = error instanceof ApiProblem && error.slug === "no-model-fits" ? error.body : null;
  if (!body) return <Notice tone="danger">{messageOf(error)}</Notice>;
  const cheapest = body.cheapest as Cheapest | undefined;
  return (
    <>
      <Notice tone="warn">
        No model can take this call.{" "}
        {cheapest ? `The cheapest that would do is ${cheapest.model}, at about ${formatMoney(cheapest.estimated_cost)} and ${formatDuration(cheapest.estimated_latency_ms)}.` : "Connect a provider, or ask for less."}
      </Notice>
      <LeftOut items={(body.candidates as { model: string; why: string }[] | undefined) ?? []} />
    </>
  );
}
