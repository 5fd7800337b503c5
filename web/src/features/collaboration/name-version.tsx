import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { messageOf } from "@/lib/api/client";
import { toast } from "@/lib/toast";
import { keepVersion } from "./queries";

interface Props {
  id: string;
  open: boolean;
  onClose: () => void;
}

export const NameVersion = ({ id, open, onClose }: Props) => (
  <Dialog open={open} onOpenChange={(next) => !next && onClose()} title="Name this version" description="What the document says now is kept under this name, to look at, compare and go back to.">
    <Form id={id} onClose={onClose} />
  </Dialog>
);

function Form({ id, onClose }: Omit<Props, "open">) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  return (
    <form
      className="grid gap-4"
      onSubmit={async (event) => {
        event.preventDefault();
        setBusy(true);
        setFault("");
        try {
          await keepVersion(client, id, name.trim());
          toast("Kept.");
          onClose();
        } catch (error) {
          setFault(messageOf(error));
          setBusy(false);
        }
      }}
    >
      <Field label="Name" error={fault}>
        {(ids) => <Input {...ids} autoFocus required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
          Keep it
        </Button>
      </DialogActions>
    </form>
  );
}
