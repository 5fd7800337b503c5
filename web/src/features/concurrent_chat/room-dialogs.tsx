import { useQueryClient } from "@tanstack/react-query";
import { type ComponentType, Suspense, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Skeleton } from "@/components/ui/parts";
import { answersBeside, shownAnswers } from "./queries";
import type { PaneSession } from "./types";

/** What the merging feature shows inside the panes' dialog. */
export interface MergePanelProps {
  prompt: string;
  answers: { model: string; text: string; messageId?: string; tokens?: number; latencyMs?: number; cost?: string }[];
  onUse: (text: string, mergeId: string) => void;
}

/** How many panes a room takes at most. */
export function RoomSize({ session, onSave, onClose }: { session: PaneSession; onSave: (most: number) => Promise<boolean>; onClose: () => void }) {
  const [most, setMost] = useState(String(session.max_panes));
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="How many panes" description="A room takes up to sixteen panes. More of them are smaller, and each costs its own tokens.">
      <form
        className="grid gap-4"
        onSubmit={async (event) => {
          event.preventDefault();
          if (await onSave(Number(most))) onClose();
        }}
      >
        <Field label="At most">{(ids) => <Input {...ids} type="number" required min={session.panes.length} max={16} value={most} onChange={(event) => setMost(event.target.value)} />}</Field>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary">
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

interface MergeDialogProps {
  session: PaneSession;
  MergePanel: ComponentType<MergePanelProps>;
  onUse: MergePanelProps["onUse"];
  onClose: () => void;
}

/** The newest question that several panes have answered, given to the merging feature. */
export function MergeDialog({ session, MergePanel, onUse, onClose }: MergeDialogProps) {
  const client = useQueryClient();
  const [beside] = useState(() => {
    const answers = shownAnswers(client, session);
    const newest = [...answers].sort((a, b) => b.message.created_at.localeCompare(a.message.created_at));
    return newest.map((answer) => answersBeside(answers, answer.message.id)).find((group) => group.length > 1) ?? [];
  });
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title="Merge the answers" className="w-[min(96vw,60rem)]">
      {beside.length < 2 ? (
        <p className="text-sm text-ink-2">Ask two panes the same question first: what they answer can then be made one.</p>
      ) : (
        <Suspense fallback={<Skeleton className="h-40" />}>
          <MergePanel
            prompt={beside[0]?.question ?? ""}
            answers={beside.map(({ message, text, pane }) => ({
              model: message.model ?? pane.model,
              text,
              messageId: message.id,
              ...(message.output_tokens === null ? {} : { tokens: message.output_tokens }),
              ...(message.duration_ms === null ? {} : { latencyMs: message.duration_ms }),
              ...(message.cost === null ? {} : { cost: message.cost }),
            }))}
            onUse={onUse}
          />
        </Suspense>
      )}
    </Dialog>
  );
}
