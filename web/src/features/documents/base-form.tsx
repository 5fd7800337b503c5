import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import { api, messageOf } from "@/lib/api/client";
import type { DocumentBase, Model } from "@/lib/api/types";
import { basesKey } from "@/lib/documents";
import { useModels } from "@/lib/models";
import { useSession } from "@/lib/session";
import { basePath } from "./acts";
import { refreshBases } from "./queries";
import { plural } from "./words";

interface Props {
  open: boolean;
  /** Null: a new one. */
  base: DocumentBase | null;
  onClose: () => void;
  onMade?: (base: DocumentBase) => void;
}

export const BaseForm = ({ open, base, onClose, onMade }: Props) => (
  <Dialog open={open} onOpenChange={(stays) => !stays && onClose()} title={base ? "Settings of this knowledge base" : "New knowledge base"}>
    {open && <Form base={base} onClose={onClose} onMade={onMade} />}
  </Dialog>
);

const embeds = (model: Model): boolean => model.task === "embedding";

function Form({ base, onClose, onMade }: Pick<Props, "base" | "onClose" | "onMade">) {
  const client = useQueryClient();
  const session = useSession();
  const { data: models } = useModels();
  const [name, setName] = useState(base?.name ?? "");
  const [description, setDescription] = useState(base?.description ?? "");
  const [owner, setOwner] = useState<DocumentBase["owner"]>("person");
  const [model, setModel] = useState(base?.embedding_model ?? "");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const anew = base !== null && model !== base.embedding_model && base.passages > 0;
  const offered = models?.filter((one) => embeds(one) && (one.available || one.id === model)) ?? [];

  const save = async () => {
    setBusy(true);
    setFault("");
    const told = { name: name.trim(), description: description.trim(), ...(model && model !== base?.embedding_model ? { embedding_model: model } : {}) };
    try {
      const saved = base ? await api.patch<DocumentBase>(basePath(base), told) : await api.post<DocumentBase>("/documents/bases", { ...told, owner });
      client.setQueryData([...basesKey, saved.id], saved);
      void refreshBases(client);
      onClose();
      onMade?.(saved);
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
      <Field label="Name">{(ids) => <Input {...ids} autoFocus required maxLength={200} value={name} placeholder="Handbook" onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label="What is in it" hint="For those who choose it in a chat.">
        {(ids) => <Textarea {...ids} rows={2} maxLength={2000} value={description} onChange={(event) => setDescription(event.target.value)} />}
      </Field>
      {!base && (
        <Field label="Who reads it" hint={owner === "person" ? "You alone, admins neither. It cannot be changed later." : "Every member of the workspace reads it; you and the admins change it. It cannot be changed later."}>
          {(ids) => (
            <Select {...ids} value={owner} onChange={(event) => setOwner(event.target.value as DocumentBase["owner"])}>
              <option value="person">I alone</option>
              <option value="tenant">Everyone in {session.tenant.name}</option>
            </Select>
          )}
        </Field>
      )}
      <Field label="Embedding model" hint={anew ? `${plural(base.passages, "passage")} will be indexed anew by this model. Search goes on meanwhile.` : "It makes passages findable by meaning."}>
        {(ids) => (
          <Select {...ids} value={model} onChange={(event) => setModel(event.target.value)}>
            {!base && <option value="">The workspace’s own</option>}
            {model && !offered.some((one) => one.id === model) && <option value={model}>{model}</option>}
            {offered.map((one) => (
              <option key={one.id} value={one.id}>
                {one.display_name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {fault && (
        <p role="alert" className="text-sm text-danger">
          {fault}
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
          {base ? "Save" : "Make it"}
        </Button>
      </DialogActions>
    </form>
  );
}
