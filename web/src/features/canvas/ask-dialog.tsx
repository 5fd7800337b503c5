import { Check, Undo2, WandSparkles } from "lucide-react";
import { useState } from "react";
import { ModelPicker } from "@/components/conversation/model-picker";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Textarea } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import { formatMoney } from "@/lib/format";
import { type Selection, useCanvasRoom } from "./context";
import { type Artifact, bodyOf, titleOf } from "./model";
import type { Proposal } from "./types";

const KEY = "radiant.canvas.model";
const kept = (): string => {
  try {
    return localStorage.getItem(KEY) ?? "auto";
  } catch {
    return "auto";
  }
};

interface Props {
  artifact: Artifact;
  /** The part that is asked about; all of it where nothing is selected. */
  selection: Selection | null;
  onClose: () => void;
}

/** Asks a model to change an artifact or a part of it, and takes what is good of its answer. */
export function AskDialog({ artifact, selection, onClose }: Props) {
  const { canvasId, doc } = useCanvasRoom();
  const [instruction, setInstruction] = useState("");
  const [model, setModel] = useState(kept);
  const [proposal, setProposal] = useState<Proposal | null>(null);
  const [refused, setRefused] = useState<ReadonlySet<number>>(new Set());
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState("");

  const run = async (name: string, what: () => Promise<void>) => {
    setBusy(name);
    setFault("");
    try {
      await what();
    } catch (problem) {
      setFault(messageOf(problem));
    } finally {
      setBusy(null);
    }
  };
  const ask = () =>
    run("ask", async () => {
      const whole = bodyOf(doc, artifact.id)?.toString() ?? "";
      const part = selection ?? { from: 0, to: whole.length, text: whole };
      setRefused(new Set());
      setProposal(await api.post<Proposal>(`/canvas/canvases/${canvasId}/artifacts/${artifact.id}/proposals`, { instruction: instruction.trim(), model, selection: part }));
    });
  const accept = () =>
    run("accept", async () => {
      if (!proposal) return;
      const hunks = proposal.hunks.map((hunk) => hunk.id).filter((id) => !refused.has(id));
      setProposal(await api.post<Proposal>(`/canvas/canvases/${canvasId}/artifacts/${artifact.id}/proposals/${proposal.id}/accept`, { hunks }));
    });
  const reject = () =>
    run("reject", async () => {
      if (proposal) await api.post(`/canvas/canvases/${canvasId}/artifacts/${artifact.id}/proposals/${proposal.id}/reject`);
      onClose();
    });
  const undo = () =>
    run("undo", async () => {
      if (proposal) await api.post(`/canvas/canvases/${canvasId}/artifacts/${artifact.id}/proposals/${proposal.id}/undo`);
      onClose();
    });
  const choose = (id: string) => {
    setModel(id);
    try {
      localStorage.setItem(KEY, id);
    } catch {
      // It is asked for anew next time then.
    }
  };

  const open = proposal?.status === "open";
  const taken = proposal ? proposal.hunks.length - refused.size : 0;
  return (
    <Dialog
      open
      onOpenChange={(next) => !next && onClose()}
      title={`Ask a model about ${titleOf(artifact)}`}
      description={selection ? "It changes the part that you selected; you decide about each change." : "It may change all of it; you decide about each change."}
      className="w-[min(94vw,46rem)]"
    >
      {selection && !proposal && <blockquote className="scroll max-h-28 rounded-lg border bg-code px-3 py-2 font-mono text-[12.5px] whitespace-pre-wrap">{selection.text}</blockquote>}
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          void ask();
        }}
      >
        <Field label="What should be different?">
          {(ids) => (
            <Textarea
              {...ids}
              autoFocus
              required
              maxLength={4000}
              value={instruction}
              placeholder="Make it shorter; add error handling; translate into German…"
              onChange={(event) => setInstruction(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
              }}
            />
          )}
        </Field>
        <div className="flex items-center justify-between gap-2">
          <ModelPicker value={model} onPick={choose} />
          <Button type="submit" variant={proposal ? "outline" : "primary"} busy={busy === "ask"} disabled={!instruction.trim()}>
            <WandSparkles className="size-4" />
            {proposal ? "Ask again" : "Ask"}
          </Button>
        </div>
      </form>
      {fault && <Notice tone="danger">{fault}</Notice>}
      {proposal?.status === "failed" && <Notice tone="danger">{proposal.error?.detail || proposal.error?.title || "The model gave no answer. Ask again, or ask another one."}</Notice>}
      {proposal && proposal.status !== "failed" && (
        <section aria-label="What it proposes" className="grid min-w-0 gap-2">
          <p className="text-[13px] text-ink-3">
            {proposal.model} · {proposal.tokens} tokens{proposal.cost ? ` · ${formatMoney(proposal.cost)}` : ""}
          </p>
          {proposal.hunks.length === 0 && <Notice tone="neutral">It changed nothing.</Notice>}
          <ol className="grid gap-2">
            {proposal.hunks.map((hunk, at) => {
              const on = !refused.has(hunk.id);
              return (
                <li key={hunk.id} className="overflow-hidden rounded-lg border">
                  <label className="flex items-center gap-2 border-b bg-panel px-3 py-1.5 text-[13px]">
                    <input
                      type="checkbox"
                      className="accent-accent"
                      checked={open ? on : proposal.accepted.includes(hunk.id)}
                      disabled={!open}
                      onChange={() => setRefused((before) => new Set(on ? [...before, hunk.id] : [...before].filter((id) => id !== hunk.id)))}
                    />
                    Change {at + 1} of {proposal.hunks.length}
                  </label>
                  <Lines text={hunk.old} sign="−" label="Now" className="bg-danger-soft" />
                  <Lines text={hunk.new} sign="+" label="Proposed" className="bg-good-soft" />
                </li>
              );
            })}
          </ol>
        </section>
      )}
      <DialogActions>
        {proposal?.status === "applied" ? (
          <>
            <Button busy={busy === "undo"} onClick={() => void undo()}>
              <Undo2 className="size-4" />
              Take it back
            </Button>
            <Button variant="primary" onClick={onClose}>
              Done
            </Button>
          </>
        ) : (
          open &&
          proposal.hunks.length > 0 && (
            <>
              <Button busy={busy === "reject"} onClick={() => void reject()}>
                Reject all
              </Button>
              <Button variant="primary" busy={busy === "accept"} disabled={taken === 0} onClick={() => void accept()}>
                <Check className="size-4" />
                {taken === proposal.hunks.length ? "Accept all" : `Accept ${taken} of ${proposal.hunks.length}`}
              </Button>
            </>
          )
        )}
      </DialogActions>
    </Dialog>
  );
}

/** Old or new letters; told apart by a sign as well as by colour. */
export const Lines = ({ text, sign, label, className }: { text: string; sign: string; label: string; className: string }) =>
  text === "" ? null : (
    <pre role="group" aria-label={label} className={`overflow-x-auto px-3 py-1.5 font-mono text-[12.5px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere] ${className}`}>
      {text
        .replace(/\n$/, "")
        .split("\n")
        .map((line, at) => (
          <span key={at} className="block">
            <span aria-hidden className="mr-2 text-ink-3 select-none">
              {sign}
            </span>
            {line}
          </span>
        ))}
    </pre>
  );
