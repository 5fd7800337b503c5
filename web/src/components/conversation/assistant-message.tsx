import { ChevronRight, RefreshCw, RotateCcw, Shuffle, WifiOff } from "lucide-react";
import { memo, type ReactNode, useCallback, useMemo, useState } from "react";
import { Markdown } from "@/components/markdown";
import { SourcesContext } from "@/components/markdown/cites";
import { Button } from "@/components/ui/button";
import { CopyButton, Notice } from "@/components/ui/parts";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { sentence } from "@/lib/api/client";
import type { Message } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatCount, formatDuration, formatMoney } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { BranchSwitcher } from "./branch-switcher";
import { ModelPicker } from "./model-picker";
import { plainText, type RunState, withRun } from "./run-state";
import { useRun } from "./runs";
import { Sources } from "./sources";
import type { Siblings } from "./tree";
import { UsedMemories } from "./used-memories";

interface Props {
  message: Message;
  siblings: Siblings | null;
  busy: boolean;
  /** The end of the branch that is shown: its actions are always visible. */
  last: boolean;
  onRetry: (message: Message, model?: string) => void;
  onContinue: (message: Message) => void;
  onBranch: (id: string) => void;
  onSettled: (message: Message, run: RunState) => void;
  more?: ((message: Message) => ReactNode) | undefined;
}

export const AssistantMessage = memo((props: Props) =>
  props.message.status === "streaming" && props.message.run_id ? <Live {...props} runId={props.message.run_id} /> : <Answer {...props} />,
);

function Live({ runId, ...props }: Props & { runId: string }) {
  const { message, onSettled } = props;
  const settle = useCallback((run: RunState) => onSettled(message, run), [message, onSettled]);
  const { state, reconnecting } = useRun(runId, settle);
  return <Answer {...props} message={withRun(message, state)} reconnecting={reconnecting} tools={state.toolCalls.map((call) => call.name)} />;
}

interface AnswerProps extends Props {
  reconnecting?: boolean;
  tools?: string[];
}

function Answer({ message, siblings, busy, last, onRetry, onContinue, onBranch, more, reconnecting, tools }: AnswerProps) {
  const { data: models } = useModels();
  const text = plainText(message);
  const streaming = message.status === "streaming";
  const name = modelName(models, message.model);
  const [source, setSource] = useState<number | null>(null);
  const sources = useMemo(() => (message.cited ? { count: message.cited, open: setSource } : null), [message.cited]);

  return (
    <article aria-label={name ? `Answer of ${name}` : "Answer"} aria-busy={streaming} className="group">
      <h2 className="sr-only">{name ? `${name} answered` : "Answer"}</h2>
      {message.reasoning && <Reasoning text={message.reasoning} open={streaming && !text} />}
      <div aria-live="off" data-answer>
        {text ? (
          <SourcesContext value={sources}>
            <Markdown text={text} streaming={streaming} />
          </SourcesContext>
        ) : (
          streaming && !message.reasoning && <Waiting name={name} />
        )}
      </div>
      {streaming && text && <span aria-hidden className="caret mt-3 animate-none" />}
      {tools && tools.length > 0 && <p className="mt-2 text-[13px] text-ink-3">Called {tools.join(", ")}</p>}
      {reconnecting && (
        <Notice tone="warn" icon={WifiOff} className="mt-3 w-fit">
          The connection broke. The answer goes on at the server; reconnecting…
        </Notice>
      )}
      {message.status === "failed" && <Failed message={message} busy={busy} onRetry={onRetry} />}
      {message.status === "stopped" && message.stop_reason !== "interrupted" && <p className="mt-3 text-[13px] text-ink-3">{text ? "Stopped." : "Stopped before the first word."}</p>}
      {message.stop_reason === "interrupted" && <p className="mt-3 text-[13px] text-ink-3">{text ? "Interrupted while it was read out: this much was heard." : "Interrupted before anything was heard."}</p>}
      {message.stop_reason === "content_filter" && <p className="mt-3 text-[13px] text-warn">The provider’s filter ended this answer.</p>}
      {message.stop_reason === "length" && message.status === "complete" && (
        <Notice
          tone="warn"
          className="mt-3"
          action={
            last && (
              <Button size="sm" disabled={busy} onClick={() => onContinue(message)}>
                Continue
              </Button>
            )
          }
        >
          Cut at the token limit of this model.
        </Notice>
      )}
      {message.left_out && !streaming && (
        <Notice
          tone="warn"
          className="mt-3"
          action={
            last && (
              <Button size="sm" disabled={busy} onClick={() => onRetry(message)}>
                Ask again
              </Button>
            )
          }
        >
          Answered without your documents: they could not be looked up in time.
        </Notice>
      )}
      {!streaming && (
        <div className="mt-1.5 -ml-2 flex min-h-8 flex-wrap items-center gap-x-0.5 text-ink-3">
          {text && <CopyButton text={text} label="Copy answer" />}
          <Button variant="ghost" size="icon" aria-label="Ask again" title="Ask again" disabled={busy} onClick={() => onRetry(message)}>
            <RefreshCw className="size-4" />
          </Button>
          <ModelPicker
            value={message.model}
            onPick={(id) => onRetry(message, id)}
            trigger={
              <Button variant="ghost" size="icon" aria-label="Ask another model" title="Ask another model" disabled={busy}>
                <Shuffle className="size-4" />
              </Button>
            }
          />
          <BranchSwitcher siblings={siblings} noun="answer" disabled={busy} onBranch={onBranch} />
          {more?.(message)}
          <Sources message={message} at={source} onAt={setSource} />
          <UsedMemories message={message} />
          <Figures message={message} name={name} />
        </div>
      )}
    </article>
  );
}

const Waiting = ({ name }: { name: string }) => (
  <p className="flex items-center gap-2.5 py-1 text-[15px] text-ink-3">
    <span aria-hidden className="caret" />
    {name ? `${name} is thinking…` : "Thinking…"}
  </p>
);

function Reasoning({ text, open }: { text: string; open: boolean }) {
  // Shown while there is nothing else to read; a person's own choice then holds.
  const [chosen, setChosen] = useState<boolean | null>(null);
  const shown = chosen ?? open;
  return (
    <div className="mb-3">
      <button
        type="button"
        aria-expanded={shown}
        onClick={() => setChosen(!shown)}
        className="flex min-h-8 items-center gap-1.5 rounded-lg text-[13px] font-medium text-ink-2 hover:text-ink"
      >
        <ChevronRight aria-hidden className={cn("size-4 transition-transform", shown && "rotate-90")} />
        Reasoning
      </button>
      {shown && <div className="mt-1 ml-[7px] border-l-2 pl-4 text-sm leading-relaxed whitespace-pre-wrap text-ink-2 [overflow-wrap:anywhere]">{text}</div>}
    </div>
  );
}

interface FailedProps {
  message: Message;
  busy: boolean;
  onRetry: (message: Message, model?: string) => void;
}

function Failed({ message, busy, onRetry }: FailedProps) {
  const { data: models } = useModels();
  const next = message.error?.next_best;
  return (
    <Notice tone="danger" className="mt-2">
      <p className="font-medium">{message.error?.title || "The answer failed"}</p>
      {message.error?.detail && message.error.detail !== message.error.title && <p className="mt-0.5">{sentence(message.error.detail)}</p>}
      <div className="mt-2 flex flex-wrap gap-2">
        <Button size="sm" disabled={busy} onClick={() => onRetry(message)}>
          <RotateCcw className="size-3.5" />
          Try again
        </Button>
        {next && (
          <Button size="sm" disabled={busy} title={next.reason} onClick={() => onRetry(message, next.model)}>
            <Shuffle className="size-3.5" />
            Ask {modelName(models, next.model)}
          </Button>
        )}
      </div>
    </Notice>
  );
}

/** Model, tokens, cost and time: in short beside the actions, in full on a click. */
function Figures({ message, name }: { message: Message; name: string }) {
  const short: ReactNode[] = [];
  const full: [string, string][] = [];
  if (name) short.push(name);
  if (message.model) full.push(["Model", message.model]);
  if (message.input_tokens !== null) full.push(["Tokens in", formatCount(message.input_tokens)]);
  if (message.output_tokens !== null) {
    full.push(["Tokens out", formatCount(message.output_tokens)]);
    short.push(message.input_tokens === null ? `${formatCount(message.output_tokens)} tokens` : `${formatCount(message.input_tokens)} in, ${formatCount(message.output_tokens)} out`);
  }
  if (message.cost !== null) {
    short.push(Number(message.cost) === 0 ? "free" : formatMoney(message.cost));
    full.push(["Cost", formatMoney(message.cost)]);
  }
  if (message.first_token_ms !== null) full.push(["First token", formatDuration(message.first_token_ms)]);
  if (message.duration_ms !== null) {
    short.push(formatDuration(message.duration_ms));
    if (message.first_token_ms !== null) short.push(`first word ${formatDuration(message.first_token_ms)}`);
    full.push(["In all", formatDuration(message.duration_ms)]);
    const writing = message.duration_ms - (message.first_token_ms ?? 0);
    if (message.output_tokens && message.output_tokens > 1 && writing > 50) {
      const speed = (message.output_tokens - 1) / (writing / 1000);
      short.push(`${speed.toFixed(speed < 10 ? 1 : 0)} tok/s`);
      full.push(["Speed", `${speed.toFixed(1)} tokens/s`]);
    }
  }
  if (short.length === 0) return null;
  return (
    <Popover>
      <PopoverTrigger asChild>
        <button type="button" data-figures title="Figures of this answer" className="ml-1.5 min-h-7 rounded px-1 text-left text-[13px] tabular-nums hover:text-ink">
          {short.join(" · ")}
        </button>
      </PopoverTrigger>
      <PopoverContent aria-label="Figures of this answer" className="px-4 py-3 text-[13px]">
        <dl className="grid grid-cols-[auto_auto] gap-x-6 gap-y-1.5">
          {full.map(([label, value]) => (
            <div key={label} className="contents">
              <dt className="text-ink-3">{label}</dt>
              <dd className="text-right tabular-nums">{value}</dd>
            </div>
          ))}
        </dl>
      </PopoverContent>
    </Popover>
  );
}
