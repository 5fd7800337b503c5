import { useState } from "react";
import { useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import { LoadFault } from "@/components/ui/page";
import { Notice, Skeleton } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Credential, CredentialType, Vault } from "@/lib/api/types";
import { useRefresh, useTypes } from "./queries";
import { bodyOf, type Given, ValueFields } from "./value-fields";
import { typeNames } from "./words";

/** A credential to be kept, or a new value for one that is there. */
export function CredentialForm({ vault, credential, onClose }: { vault?: Vault; credential?: Credential; onClose: () => void }) {
  const types = useTypes();
  const title = credential ? `A new value for ${credential.name}` : "New credential";
  return (
    <Dialog open onOpenChange={onClose} title={title} description={credential ? "It is current at once; the value before is served on through its grace." : "Its value is sealed at once and shown to nobody unless they ask, with a reason."}>
      {types.error ? <LoadFault error={types.error} retry={types.refetch} /> : types.data ? <Form types={types.data} vault={vault} credential={credential} onClose={onClose} /> : <Skeleton className="h-48" />}
    </Dialog>
  );
}

function Form({ types, vault, credential, onClose }: { types: CredentialType[]; vault?: Vault; credential?: Credential; onClose: () => void }) {
  const refresh = useRefresh();
  const [, go] = useLocation();
  const [kind, setKind] = useState(credential?.type ?? "api_key");
  const [name, setName] = useState("");
  const [expires, setExpires] = useState("");
  const [given, setGiven] = useState<Given>({});
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const type = types.find((each) => each.type === kind);
  const save = async () => {
    if (!type) return;
    setBusy(true);
    setError("");
    const expires_at = expires ? new Date(`${expires}T23:59:59`).toISOString() : null;
    try {
      if (credential) await api.post(`/credentials/${credential.id}/versions`, { ...bodyOf(type, given), ...(expires_at ? { expires_at } : {}) });
      else {
        const made = await api.post<Credential>(`/credentials/vaults/${vault?.id}/credentials`, { name: name.trim(), type: kind, expires_at, ...bodyOf(type, given) });
        go(`/settings/vault?credential=${made.id}`);
      }
      await refresh();
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      {!credential && (
        <>
          <Field label="Name" hint="Unique in the vault.">
            {(ids) => <Input {...ids} required autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label="Type">
            {(ids) => (
              <Select
                {...ids}
                value={kind}
                onChange={(event) => {
                  setKind(event.target.value);
                  setGiven({});
                }}
              >
                {types.map((each) => (
                  <option key={each.type} value={each.type}>
                    {typeNames[each.type] ?? each.type}
                  </option>
                ))}
              </Select>
            )}
          </Field>
        </>
      )}
      {type && <ValueFields type={type} given={given} onChange={setGiven} />}
      <Field label="Expires (optional)" hint="It is not served past that day, and its managers are told 30, 7 and 1 days before.">
        {(ids) => <Input {...ids} type="date" value={expires} onChange={(event) => setExpires(event.target.value)} />}
      </Field>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {credential ? "Rotate" : "Store it"}
        </Button>
      </DialogActions>
    </form>
  );
}
