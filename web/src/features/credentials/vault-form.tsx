import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Textarea } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Vault, VaultRole } from "@/lib/api/types";
import { useRefresh } from "./queries";
import { roleHints } from "./words";

/** A vault to be, or the rules of one that is there. */
export function VaultForm({ vault, onClose, onDelete }: { vault?: Vault; onClose: () => void; onDelete?: () => void }) {
  const refresh = useRefresh();
  const [name, setName] = useState(vault?.name ?? "");
  const [description, setDescription] = useState(vault?.description ?? "");
  const [second, setSecond] = useState(vault?.second_person ?? false);
  const [roles, setRoles] = useState<VaultRole[]>(vault?.reveal_roles ?? ["owner"]);
  const [days, setDays] = useState(String(vault?.recovery_days ?? 30));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setError("");
    const asked = { name: name.trim(), description: description.trim() || null, second_person: second, reveal_roles: roles, recovery_days: Number(days) };
    try {
      await (vault ? api.patch(`/credentials/vaults/${vault.id}`, asked) : api.post("/credentials/vaults", asked));
      await refresh();
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={vault ? `Settings of ${vault.name}` : "New vault"}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {error && <Notice tone="danger">{error}</Notice>}
        <Field label="Name">{(ids) => <Input {...ids} required autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
        <Field label="What it is for">{(ids) => <Textarea {...ids} maxLength={2000} value={description} onChange={(event) => setDescription(event.target.value)} />}</Field>
        <fieldset className="grid gap-2">
          <legend className="mb-1.5 text-[13px] font-medium">Who is shown values</legend>
          {(Object.keys(roleHints) as VaultRole[]).map((role) => (
            <Checkbox
              key={role}
              label={`${role.charAt(0).toUpperCase()}${role.slice(1)}s`}
              checked={roles.includes(role)}
              onChange={(event) => setRoles(event.target.checked ? [...roles, role] : roles.filter((other) => other !== role))}
            />
          ))}
        </fieldset>
        <Checkbox label="Showing a value takes two people" hint="One asks, another approves; then it is shown once." checked={second} onChange={(event) => setSecond(event.target.checked)} />
        <Field label="Days that what was deleted can be had back">
          {(ids) => <Input {...ids} type="number" required min={0} max={365} value={days} onChange={(event) => setDays(event.target.value)} />}
        </Field>
        <DialogActions>
          {onDelete && (
            <Button variant="ghost" className="text-danger hover:text-danger sm:mr-auto" onClick={onDelete}>
              Delete the vault
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
            {vault ? "Save" : "Make the vault"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
