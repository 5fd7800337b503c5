import { Markdown } from "@/components/markdown";
import { Badge } from "@/components/ui/parts";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { Link } from "wouter";
import type { Source, Step, ToolCall } from "./types";
import { percent, stepName, verdictOf, verifierName } from "./words";

/** What was used by a step, on one line. */
export const figuresOf = (step: Step): string => [`${formatCount(step.tokens_used)} tokens`, formatMoney(step.cost), formatDuration(step.duration_ms)].join(" · ");

/** One step with everything that is kept of it. */
export function StepView({ step }: { step: Step }) {
  const { data: models } = useModels();
  const verdict = step.verdict && verdictOf(step.verdict);
  return (
    <article className="grid gap-2.5 text-sm" aria-label={`Step ${step.step_number}: ${stepName(step.step_type)}`}>
      <header className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
        <span className="text-[13px] font-semibold">
          {step.step_number}. {stepName(step.step_type)}
        </span>
        {step.attempt > 1 && <Badge>try {step.attempt}</Badge>}
        {verdict && (
          <Badge tone={verdict.tone}>
            {verdict.text}
            {step.verifier && ` by ${verifierName(step.verifier)}`}
          </Badge>
        )}
        <span className="text-[13px] text-ink-3">{step.model_used ? modelName(models, step.model_used) : "no model"}</span>
        <span className="text-[13px] text-ink-3 tabular-nums">{figuresOf(step)}</span>
      </header>
      {step.description && <p className="text-ink-2 [overflow-wrap:anywhere]">{step.description}</p>}
      {step.error && <p className="text-danger [overflow-wrap:anywhere]">{step.error}</p>}
      {step.reasoning && (
        <Fold title="Reasoning">
          <Markdown text={step.reasoning} />
        </Fold>
      )}
      {step.result && (
        <div className="min-w-0 rounded-lg bg-subtle px-3 py-2 [overflow-wrap:anywhere]">
          <Markdown text={step.result} />
        </div>
      )}
      {step.tool_calls.map((call) => (
        <CallView key={call.call_id} call={call} />
      ))}
      {step.evidence.length > 0 && (
        <ul aria-label="Evidence" className="grid gap-1.5">
          {step.evidence.map((one, at) => {
            const { text, tone } = verdictOf(one.verdict);
            return (
              <li key={at} className="grid gap-0.5">
                <span className="flex flex-wrap items-center gap-2">
                  <Badge tone={tone}>{text}</Badge>
                  <span className="text-[13px] text-ink-2">by {verifierName(one.verifier)}</span>
                </span>
                {one.detail && <span className="text-[13px] text-ink-2 [overflow-wrap:anywhere]">{one.detail}</span>}
              </li>
            );
          })}
        </ul>
      )}
      {step.self_confidence !== null && <p className="text-[13px] text-ink-3">The model says of itself that it is {percent(step.self_confidence)} sure. That counts for nothing here.</p>}
    </article>
  );
}

const Fold = ({ title, children }: { title: string; children: React.ReactNode }) => (
  <details>
    <summary className="w-fit cursor-pointer text-[13px] text-ink-2">{title}</summary>
    <div className="mt-1.5 min-w-0 border-l-2 pl-3 text-ink-2 [overflow-wrap:anywhere]">{children}</div>
  </details>
);

/** A tool, what it was called with and what it said. */
function CallView({ call }: { call: ToolCall }) {
  return (
    <div className="grid min-w-0 gap-1.5 rounded-lg border p-2.5">
      <p className="flex flex-wrap items-center gap-2 text-[13px]">
        <span className="font-mono font-medium">{call.tool}</span>
        {call.error && <Badge tone="danger">no result</Badge>}
        <span className="text-ink-3 tabular-nums">{formatDuration(call.duration_ms)}</span>
      </p>
      <Arguments of={call.arguments} label={`Arguments of ${call.tool}`} />
      {call.error ? <p className="text-[13px] text-danger [overflow-wrap:anywhere]">{call.error}</p> : call.text && <Lines label={`Result of ${call.tool}`} text={call.text} />}
      {call.citations.length > 0 && <Sources sources={call.citations} />}
    </div>
  );
}

const Lines = ({ label, text }: { label: string; text: string }) => (
  <pre tabIndex={0} role="group" aria-label={label} className="scroll max-h-48 min-w-0 rounded-md bg-code px-2.5 py-1.5 font-mono text-[12.5px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]">
    {text}
  </pre>
);

/** What a tool is called with, as it is: nothing of it is cut. */
export const Arguments = ({ of, label }: { of: Record<string, unknown>; label: string }) =>
  Object.keys(of).length === 0 ? <p className="text-[13px] text-ink-3">without arguments</p> : <Lines label={label} text={JSON.stringify(of, null, 2)} />;

function Sources({ sources }: { sources: Source[] }) {
  return (
    <ul aria-label="Sources" className="grid gap-1.5">
      {sources.map((one, at) => (
        <li key={at} className="text-[13px]">
          <SourceName source={one} />
          {one.quote && <blockquote className="mt-0.5 border-l-2 pl-2.5 text-ink-2 [overflow-wrap:anywhere]">{one.quote}</blockquote>}
        </li>
      ))}
    </ul>
  );
}

/** An address can be opened, a memory be looked up; of a document its name is known, not its base. */
function SourceName({ source: { source, title } }: { source: Source }) {
  const name = title || source;
  if (/^https?:\/\//i.test(source))
    return (
      <a href={source} target="_blank" rel="noopener noreferrer" title={source} className="text-accent underline underline-offset-3 [overflow-wrap:anywhere]">
        {name}
      </a>
    );
  if (source.startsWith("memory:"))
    return (
      <Link href="/memory" className="text-accent underline underline-offset-3">
        {title || "Memory"}
      </Link>
    );
  return <span className="font-medium [overflow-wrap:anywhere]">{name}</span>;
}
