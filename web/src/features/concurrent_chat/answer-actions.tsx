import { CheckCheck, Diff, ThumbsDown, ThumbsUp, Trophy } from "lucide-react";
import { Button } from "@/components/ui/button";
import type { Message } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { useAnswerUses } from "./session-context";

/** Below an answer: good or not, the best of these, a comparison, and the one that all go on from. */
export function AnswerActions({ message }: { message: Message }) {
  const { session, marks, onThumb, onBest, onCompare, onCommon } = useAnswerUses();
  const mark = marks[message.id];
  const several = session.panes.length > 1;
  const complete = message.status === "complete" || message.status === "stopped";
  if (!complete) return null;
  return (
    <>
      {message.decision_id && (
        <>
          <Button variant="ghost" size="icon" aria-label="Good answer" title="Good answer" aria-pressed={mark === "up"} onClick={() => onThumb(message, true)}>
            <ThumbsUp className={cn("size-4", mark === "up" && "fill-current text-good")} />
          </Button>
          <Button variant="ghost" size="icon" aria-label="Bad answer" title="Bad answer" aria-pressed={mark === "down"} onClick={() => onThumb(message, false)}>
            <ThumbsDown className={cn("size-4", mark === "down" && "fill-current text-danger")} />
          </Button>
        </>
      )}
      {several && (
        <>
          <Button variant="ghost" size="icon" aria-label="Best of these" title="Best of these answers" aria-pressed={mark === "best"} onClick={() => onBest(message)}>
            <Trophy className={cn("size-4", mark === "best" && "fill-current text-accent")} />
          </Button>
          <Button variant="ghost" size="icon" aria-label="Compare" title="Compare with another answer" onClick={() => onCompare(message)}>
            <Diff className="size-4" />
          </Button>
        </>
      )}
      {session.sync.mode === "synchronized" && several && (
        <Button variant="ghost" size="sm" className="px-2 text-accent" title="Every pane goes on from this answer" onClick={() => onCommon(message)}>
          <CheckCheck className="size-4" />
          Use for all
        </Button>
      )}
    </>
  );
}
