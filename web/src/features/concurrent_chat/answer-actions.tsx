import { CheckCheck, Diff, Trophy } from "lucide-react";
import { Thumbs } from "@/components/conversation/thumbs";
import { SendToCanvas } from "@/components/send-to-canvas";
import { Button } from "@/components/ui/button";
import type { Message } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { useAnswerUses } from "./session-context";

/** Below an answer: good or not, the best of these, a comparison, and the one that all go on from. */
export function AnswerActions({ message, paneId }: { message: Message; paneId: string }) {
  const { session, best, onBest, onCompare, onCommon } = useAnswerUses();
  const chosen = best.has(message.id);
  const several = session.panes.length > 1;
  const complete = message.status === "complete" || message.status === "stopped";
  if (!complete) return null;
  return (
    <>
      <Thumbs message={message} />
      {message.status === "complete" && <SendToCanvas source={{ kind: "pane", pane_id: paneId, message_id: message.id }} name={session.name ?? undefined} />}
      {several && (
        <>
          <Button variant="ghost" size="icon" aria-label="Best of these" title="Best of these answers" aria-pressed={chosen} onClick={() => onBest(message)}>
            <Trophy className={cn("size-4", chosen && "fill-current text-accent")} />
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
