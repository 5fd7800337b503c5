import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Textarea } from "@/components/ui/field";
import { api, messageOf } from "@/lib/api/client";
import type { KnownDocument } from "@/lib/api/types";
import { putDocument, refreshBases } from "./queries";

interface Props {
  base: string;
  open: boolean;
  onClose: () => void;
}

/** A text without a file becomes a document. */
export const PasteText = ({ base, open, onClose }: Props) => (
  <Dialog open={open} onOpenChange={(stays) => !stays && onClose()} title="Add a text" description="Notes, a mail, a page that you copied. A text of the same name replaces the older one." className="w-[min(94vw,40rem)]">
    {open && <Form base={base} onClose={onClose} />}
  </Dialog>
);

function Form({ base, onClose }: Omit<Props, "open">) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const save = async () => {
    setBusy(true);
    setFault("");
    try {
      putDocument(client, await api.post<KnownDocument>(`/documents/bases/${base}/texts`, { name: name.trim(), text }));
      void refreshBases(client);
      onClose();
    } catch (problem) {
      setFault(messageOf(problem));
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <Field label="Name">{(ids) => <Input {...ids} autoFocus required maxLength={200} value={name} placeholder="Meeting of Monday" onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label="Text">{(ids) => <Textarea {...ids} required rows={12} value={text} onChange={(event) => setText(event.target.value)} />}</Field>
      {fault && (
        <p role="alert" className="text-sm text-danger">
          {fault}
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim() || !text.trim()}>
          Add it
        </Button>
      </DialogActions>
    </form>
  );
}
