import { CircleSlash } from "lucide-react";
import { memo, type ReactNode, useEffect, useRef } from "react";
import { Markdown } from "@/components/markdown";
import { Notice } from "@/components/ui/parts";
import { formatDuration } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import type { LiveTurn } from "./conversation";
import { markSpoken } from "./spoken-mark";

/** What somebody said. */
export const Said = ({ children }: { children: ReactNode }) => (
  <article aria-label="You" className="flex flex-col items-end">
    <h2 className="sr-only">You said</h2>
    <div dir="auto" className="max-w-[85%] rounded-2xl rounded-br-md bg-subtle px-4 py-2.5 text-[15px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]">
      {children}
    </div>
  </article>
);

const stages: Record<string, string> = {
  transcript_final_ms: "understood",
  first_token_ms: "first word",
  first_sentence_ms: "first sentence",
  first_audio_ms: "first sound",
  cancel_ms: "silent after the interruption",
};

/** "0.4 s understood, 0.9 s first word": how long things took, in their order. */
export function timingsOf(timings: [string, number][]): string {
  return Object.entries(stages)
    .flatMap(([name, word]) => {
      const ms = timings.find(([each]) => each === name)?.[1];
      return ms === undefined ? [] : [`${(ms / 1000).toFixed(ms < 100 ? 2 : 1)} s ${word}`];
    })
    .join(", ");
}

interface Props {
  turn: LiveTurn;
  /** The sentence that is heard now, if it is of this turn. */
  spoken: string;
  last: boolean;
}

/** One turn: what was said, the answer as it comes, where it was interrupted, and how long it took. */
export const Turn = memo(({ turn, spoken, last }: Props) => {
  const { data: models } = useModels();
  const answer = useRef<HTMLDivElement>(null);
  const heard = turn.interrupted?.heardText.trim();
  const text = turn.interrupted ? heard : turn.answer;
  const times = timingsOf(turn.timings);

  useEffect(() => {
    if (!answer.current || !spoken) return;
    return markSpoken(answer.current, spoken);
  }, [spoken, text]);

  return (
    <>
      <Said>{turn.question}</Said>
      <article aria-label={turn.model ? `Answer of ${modelName(models, turn.model)}` : "Answer"} aria-busy={!turn.whole}>
        <h2 className="sr-only">Answer</h2>
        <div ref={answer} aria-live="off" data-answer>
          {text ? <Markdown text={text} streaming={!turn.whole} /> : !turn.whole && <p className="text-sm text-ink-3">Thinking…</p>}
        </div>
        {turn.interrupted && (
          <p className="mt-2 flex items-center gap-1.5 text-[13px] text-ink-3">
            <CircleSlash aria-hidden className="size-3.5" />
            {heard ? `Interrupted here, after ${formatDuration(turn.interrupted.heardMs)}. The chat keeps what was heard.` : "Interrupted before anything was heard."}
          </p>
        )}
        {turn.fault && (
          <Notice tone="danger" className="mt-3">
            {turn.fault}
          </Notice>
        )}
        {last && times && (
          <details className="mt-2 text-[13px] text-ink-3">
            <summary className="w-fit rounded hover:text-ink-2">How long it took</summary>
            <p className="mt-1">After you stopped speaking: {times}.</p>
          </details>
        )}
      </article>
    </>
  );
});
