import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Textarea } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Vault, VaultRole } from "@/lib/api/types";
import { useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { useRefresh, useRequests } from "./queries";
import { roleHints } from "./words";

/** A vault to be, or the rules of one that is there. */
export function VaultForm({ vault, onClose, onDelete }: { vault?: Vault; onClose: () => void; onDelete?: () => void }) {
  const refresh = useRefresh();
  const [name, setName] = useState(vault?.name ?? "");
  const [description, setDescription] = useState(vault?.description ?? "");
  const [second, setSecond] = useState(vault?.second_person ?? false);
  const [roles, setRoles] = useState<VaultRole[]>(vault?.reveal_roles ?? ["owner"]);
  const [days, setDays] = useState(String(vault?.recovery_days ?? 30));
  const [reason, setReason] = useState("");
  const { user } = useSession();
  const requests = useRequests();
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const mine = requests.items?.filter((request) => request.credential_id === null && request.vault_id === vault?.id && request.requested_by === user.id) ?? [];
  const approved = mine.find((request) => request.state === "approved");
  const waiting = mine.some((request) => request.state === "pending");
  const lonely = vault?.second_person === true && !second;
  const needsAsking = lonely && !approved;
  const ask = async () => {
    setBusy(true);
    setError("");
    try {
      await api.post(`/credentials/vaults/${vault?.id}/reveal-requests`, { reason: reason.trim() });
      await refresh();
      toast("Asked. Save this again once somebody approves.", { kind: "success" });
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  const save = async () => {
    setBusy(true);
    setError("");
    const asked = { name: name.trim(), description: description.trim() || null, second_person: second, reveal_roles: roles, recovery_days: Number(days), ...(lonely && { request_id: approved?.id }) };
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
          void (needsAsking ? ask() : save());
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
        {lonely &&
          (approved ? (
            <Notice tone="good">Approved: from now on one person will do.</Notice>
          ) : waiting ? (
            <Notice>You asked already; nobody has approved yet.</Notice>
          ) : (
            <Field label="Why one person should do" hint="Another person who administers the vault approves this first; nothing else is saved until then.">
              {(ids) => <Input {...ids} required minLength={3} maxLength={1000} value={reason} onChange={(event) => setReason(event.target.value)} />}
            </Field>
          ))}
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
          <Button type="submit" variant="primary" busy={busy} disabled={needsAsking ? waiting || reason.trim().length < 3 : !name.trim()}>
            {needsAsking ? "Ask for approval" : vault ? "Save" : "Make the vault"}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
