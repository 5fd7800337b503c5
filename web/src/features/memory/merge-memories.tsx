import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import { LoadFault, TableSkeleton } from "@/components/ui/page";
import { api, messageOf } from "@/lib/api/client";
import type { Memory } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { toast } from "@/lib/toast";
import { memoryKey, useFound } from "./queries";
import { about, useWhose } from "./whose";

interface Props {
  memory: Memory | null;
  onClose: () => void;
}

/** Two that say the same become one: the other is looked for, and the words of the result can be chosen. */
export const MergeMemories = ({ memory, onClose }: Props) => (
  <Dialog open={memory !== null} onOpenChange={(stays) => !stays && onClose()} title="Merge with another" description="Both become one, which keeps the sources of both. Each stays in its history." className="w-[min(94vw,38rem)]">
    {memory && <Form key={memory.id} memory={memory} onClose={onClose} />}
  </Dialog>
);

function Form({ memory, onClose }: { memory: Memory; onClose: () => void }) {
  const client = useQueryClient();
  const group = useWhose();
  const [search, setSearch] = useState(memory.content.slice(0, 200));
  const [settled, setSettled] = useState(search);
  const [other, setOther] = useState<Memory | null>(null);
  const [content, setContent] = useState(memory.content);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const { data, error, refetch } = useFound(settled, "");
  const others = data?.results.map((one) => one.memory).filter((one) => one.id !== memory.id && one.store_name === memory.store_name);

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 200);
    return () => clearTimeout(timer);
  }, [search]);

  const merge = async () => {
    setBusy(true);
    setFault("");
    try {
      await api.post("/memory/memories/merge", { ids: [memory.id, other?.id], content: content.trim() }, about(group));
      toast("They are one.", { kind: "success" });
      void client.invalidateQueries({ queryKey: memoryKey });
      onClose();
    } catch (problem) {
      setFault(messageOf(problem));
      setBusy(false);
    }
  };

  return (
    <form
      className="grid min-w-0 gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void merge();
      }}
    >
      <Field label="The other">{(ids) => <Input {...ids} type="search" value={search} onChange={(event) => setSearch(event.target.value)} />}</Field>
      {error ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !others && settled ? (
        <TableSkeleton rows={2} />
      ) : others?.length ? (
        <ul aria-label="Others" className="scroll grid max-h-48 gap-1.5">
          {others.slice(0, 8).map((one) => (
            <li key={one.id}>
              <label className={cn("flex cursor-pointer items-start gap-2.5 rounded-lg border px-3 py-2 text-sm hover:bg-hover", other?.id === one.id && "border-accent")}>
                <input type="radio" name="other" className="mt-1 accent-accent" checked={other?.id === one.id} onChange={() => setOther(one)} />
                <span className="[overflow-wrap:anywhere]">{one.content}</span>
              </label>
            </li>
          ))}
        </ul>
      ) : (
        <p className="text-sm text-ink-2">No other is like it. Search by other words.</p>
      )}
      <Field label="What the one says">{(ids) => <Textarea {...ids} required rows={3} maxLength={100_000} value={content} onChange={(event) => setContent(event.target.value)} />}</Field>
      {other && (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" onClick={() => setContent(memory.content)}>
            In the words of the first
          </Button>
          <Button size="sm" onClick={() => setContent(other.content)}>
            In the words of the other
          </Button>
        </div>
      )}
      {fault && (
        <p role="alert" className="text-sm text-danger">
          {fault}
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!other || !content.trim()}>
          Merge
        </Button>
      </DialogActions>
    </form>
  );
}
