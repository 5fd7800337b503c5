import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { AddedMemory, Memory } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { memoryKey } from "./queries";
import { memoryTypes, named, percent } from "./words";
import { about, useWhose } from "./whose";

interface Props {
  open: boolean;
  /** Null: a new one. */
  memory: Memory | null;
  onClose: () => void;
}

const outcomes: Record<AddedMemory["outcome"], string> = {
  added: "It is remembered.",
  repeated: "This was known already. It now counts as said twice.",
  superseded: "It is remembered, in the place of what was known before.",
  review: "It is remembered, but something known says otherwise: see what needs your word.",
};

export const MemoryForm = ({ open, memory, onClose }: Props) => (
  <Dialog
    open={open}
    onOpenChange={(stays) => !stays && onClose()}
    title={memory ? "Correct a memory" : "Add a memory"}
    description={memory ? "What it said before stays in its history." : "One fact in a sentence that stands by itself is found best."}
  >
    {open && <Form key={memory?.id ?? "new"} memory={memory} onClose={onClose} />}
  </Dialog>
);

const listed = (text: string): string[] => text.split(",").map((one) => one.trim()).filter(Boolean);

function Form({ memory, onClose }: { memory: Memory | null; onClose: () => void }) {
  const client = useQueryClient();
  const group = useWhose();
  const [content, setContent] = useState(memory?.content ?? "");
  const [type, setType] = useState(memory?.memory_type ?? "fact");
  const [importance, setImportance] = useState(memory?.importance ?? 0.5);
  const [pinned, setPinned] = useState(memory?.pinned ?? false);
  const [aliases, setAliases] = useState(memory?.aliases.join(", ") ?? "");
  const [expires, setExpires] = useState(memory?.expires_at?.slice(0, 10) ?? "");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const [key] = useState(() => crypto.randomUUID());

  const save = async () => {
    setBusy(true);
    setFault(null);
    const body = { content: content.trim(), type, importance, pinned, aliases: listed(aliases), expires_at: expires ? new Date(`${expires}T23:59:59`).toISOString() : null };
    try {
      if (memory) await api.patch(`/memory/memories/${memory.id}`, body, about(group));
      const added = memory ? null : await api.post<AddedMemory>("/memory/memories", body, { ...about(group), headers: { "idempotency-key": key } });
      toast(added ? outcomes[added.outcome] : "It is corrected.", { kind: "success" });
      void client.invalidateQueries({ queryKey: memoryKey });
      onClose();
    } catch (error) {
      setFault(error);
      setBusy(false);
    }
  };
  const at = fault instanceof ApiProblem ? fault.fields.find((one) => one.field.includes("content")) : undefined;

  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field label="What to remember" error={at?.message}>
        {(ids) => <Textarea {...ids} autoFocus required rows={4} maxLength={100_000} placeholder="I am allergic to peanuts." value={content} onChange={(event) => setContent(event.target.value)} />}
      </Field>
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <Field label="Kind">
          {(ids) => (
            <Select {...ids} value={type} onChange={(event) => setType(event.target.value)}>
              {[...new Set([...memoryTypes, type])].map((one) => (
                <option key={one} value={one}>
                  {named(one)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field
          label={
            <span className="flex">
              How much it matters
              <output className="ml-auto font-normal text-ink-2 tabular-nums">{percent(importance)}</output>
            </span>
          }
        >
          {(ids) => <input {...ids} type="range" min={0} max={1} step={0.05} className="h-9 accent-accent" value={importance} onChange={(event) => setImportance(Number(event.target.value))} />}
        </Field>
        <Field label="Other names of it" hint="Words it is found by as well, with commas between.">
          {(ids) => <Input {...ids} value={aliases} maxLength={500} onChange={(event) => setAliases(event.target.value)} />}
        </Field>
        <Field label="Forget it after" hint="Left empty, it stays.">
          {(ids) => <Input {...ids} type="date" value={expires} onChange={(event) => setExpires(event.target.value)} />}
        </Field>
      </div>
      <Checkbox label="Pinned" hint="It is brought up before others." checked={pinned} onChange={(event) => setPinned(event.target.checked)} />
      {fault !== null && !at && (
        <p role="alert" className="text-sm text-danger">
          {messageOf(fault)}
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!content.trim()}>
          {memory ? "Save" : "Remember"}
        </Button>
      </DialogActions>
    </form>
  );
}
