import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Textarea } from "@/components/ui/field";
import { LoadFault, TableSkeleton } from "@/components/ui/page";
import { Notice } from "@/components/ui/parts";
import { VaultField } from "@/components/vault-field";
import { api, messageOf } from "@/lib/api/client";
import type { ToolInfo, ToolWebhook } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { toolsKey } from "./queries";
import { faultOf } from "./schema";

const example = {
  type: "object",
  properties: { order: { type: "string", description: "Its number, as on the invoice" } },
  required: ["order"],
  additionalProperties: false,
};

interface Props {
  stored: ToolInfo | null;
  onDone: () => void;
}

/** Defines a tool, or changes one. */
export function WebhookForm({ stored, onDone }: Props) {
  const { data, error, refetch } = useQuery({
    queryKey: [...toolsKey, "webhook", stored?.tool_id],
    queryFn: () => api.get<ToolWebhook>(`/tools/webhooks/${stored?.tool_id}`),
    enabled: stored !== null,
    gcTime: 0,
  });
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (stored && !data) return <TableSkeleton rows={3} />;
  return <Fields stored={data ?? null} onDone={onDone} />;
}

function Fields({ stored, onDone }: { stored: ToolWebhook | null; onDone: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(stored?.name ?? "");
  const [description, setDescription] = useState(stored?.description ?? "");
  const [parameters, setParameters] = useState(JSON.stringify(stored?.parameters ?? example, null, 2));
  const [url, setUrl] = useState(stored?.url ?? "");
  const [credential, setCredential] = useState(stored?.credential_id ?? "");
  const [effects, setEffects] = useState(stored?.side_effects ?? true);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const fault = faultOf(parameters);
  const odd = name !== "" && !/^[a-z][a-z0-9_]{0,63}$/.test(name);

  const save = async () => {
    setBusy(true);
    setError("");
    const said = { description: description.trim(), parameters: JSON.parse(parameters) as unknown, url: url.trim(), credential_id: credential, side_effects: effects };
    try {
      if (stored) await api.patch(`/tools/webhooks/${stored.id}`, said);
      else await api.post("/tools/webhooks", { ...said, name });
      await client.invalidateQueries({ queryKey: toolsKey });
      toast(stored ? "The tool is changed." : "The tool can be tried.", { kind: "success" });
      onDone();
    } catch (refused) {
      setError(messageOf(refused));
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
      {error && <Notice tone="danger">{error}</Notice>}
      {!stored && (
        <Field label="Name" hint="What models call it by." error={odd && "Small letters, digits and _, beginning with a letter"}>
          {(ids) => <Input {...ids} required autoFocus maxLength={64} spellCheck={false} placeholder="order_status" value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
      )}
      <Field label="Description" hint="When to call it and what it gives: a model decides by this.">
        {(ids) => <Textarea {...ids} required maxLength={4000} value={description} onChange={(event) => setDescription(event.target.value)} />}
      </Field>
      <Field label="Parameters" hint="A JSON Schema: it is a good one." error={fault}>
        {(ids) => <Textarea {...ids} required spellCheck={false} className="min-h-44 font-mono text-[13px]" value={parameters} onChange={(event) => setParameters(event.target.value)} />}
      </Field>
      <Field label="Address" hint="Called by POST with call_id, tool and arguments.">
        {(ids) => <Input {...ids} required type="url" maxLength={2000} spellCheck={false} placeholder="https://shop.example.org/tools/order" value={url} onChange={(event) => setUrl(event.target.value)} />}
      </Field>
      <VaultField label="Signed by" hint="Its value signs each call; the service that is called knows it too." value={credential} onChange={setCredential} />
      <Checkbox label="Changes something" hint="Then a person is asked before each call." checked={effects} onChange={(event) => setEffects(event.target.checked)} />
      <DialogActions>
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={Boolean(fault) || odd || !credential}>
          {stored ? "Save" : "Define it"}
        </Button>
      </DialogActions>
    </form>
  );
}
