import { useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Input } from "@/components/ui/field";
import { api, messageOf } from "@/lib/api/client";
import type { KnownDocument } from "@/lib/api/types";
import { documentPath } from "./acts";
import { putDocument } from "./queries";
import { type Property, propertiesOf, written } from "./words";

interface Props {
  document: KnownDocument;
  open: boolean;
  onClose: () => void;
}

/** What people and programs keep with a document: names and values. */
export const Properties = ({ document, open, onClose }: Props) => (
  <Dialog open={open} onOpenChange={(stays) => !stays && onClose()} title={`Properties of ${document.name}`} description="Facts of your own about it, as its author or its number. They are shown with it and kept when a newer version replaces it.">
    {open && <Form document={document} onClose={onClose} />}
  </Dialog>
);

function Form({ document, onClose }: Omit<Props, "open">) {
  const client = useQueryClient();
  const [rows, setRows] = useState<Property[]>(() => [...propertiesOf(document.metadata), { name: "", value: "" }]);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const change = (at: number, next: Partial<Property>) => setRows(rows.map((row, n) => (n === at ? { ...row, ...next } : row)));

  const save = async () => {
    setBusy(true);
    setFault("");
    try {
      putDocument(client, await api.patch<KnownDocument>(documentPath(document), { metadata: written(rows, document.metadata) }));
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
      <ul aria-label="Properties" className="grid gap-2">
        {rows.map((row, at) => (
          // Rows have no name of their own until one is written.
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are added at the end, and leave together with their fields
          <li key={at} className="flex items-center gap-2">
            <Input aria-label={`Name of property ${at + 1}`} className="w-2/5" maxLength={200} placeholder="Author" value={row.name} onChange={(event) => change(at, { name: event.target.value })} />
            <Input aria-label={`Value of property ${at + 1}`} className="min-w-0 flex-1" maxLength={10_000} value={row.value} onChange={(event) => change(at, { value: event.target.value })} />
            <Button variant="ghost" size="icon" aria-label={`Remove property ${at + 1}`} title="Remove" onClick={() => setRows(rows.filter((_, n) => n !== at))}>
              <X className="size-4" />
            </Button>
          </li>
        ))}
      </ul>
      <Button className="w-fit" size="sm" disabled={rows.length >= 100} onClick={() => setRows([...rows, { name: "", value: "" }])}>
        <Plus className="size-3.5" />
        Add one
      </Button>
      {fault && (
        <p role="alert" className="text-sm text-danger">
          {fault}
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          Save
        </Button>
      </DialogActions>
    </form>
  );
}
