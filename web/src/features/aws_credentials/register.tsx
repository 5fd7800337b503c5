import { useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, ApiProblem, messageOf } from "@/lib/api/client";
import type { AwsIdentity } from "@/lib/api/types";
import { useSession } from "@/lib/session";
import { useStoredKeys } from "./queries";

const isRole = (arn: string): boolean => /:role\//.test(arn);

/** A role or a user is made known here; which of both, its ARN says. */
export function Register({ roles, onDone, onClose }: { roles: AwsIdentity[]; onDone: (made: AwsIdentity) => Promise<unknown>; onClose: () => void }) {
  const session = useSession();
  const stored = useStoredKeys();
  const [name, setName] = useState("");
  const [arn, setArn] = useState("");
  const [credential, setCredential] = useState("");
  const [own, setOwn] = useState(false);
  const [manager, setManager] = useState("");
  const [days, setDays] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<unknown>(null);
  const role = isRole(arn);
  const platform = role && own;
  const wrong = (field: string) => (fault instanceof ApiProblem ? fault.fields.find((item) => item.field === field)?.message : undefined);
  const save = async () => {
    setBusy(true);
    setFault(null);
    try {
      const made = await api.post<AwsIdentity>("/aws-credentials/identities", {
        name: name.trim(),
        arn: arn.trim(),
        source: platform ? "platform" : "credential",
        key_credential: platform ? null : credential || null,
        ...(role ? {} : { manager_id: manager || null, rotate_after_days: days ? Number(days) : null }),
      });
      await onDone(made);
    } catch (refused) {
      setFault(refused);
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
      {fault !== null && !(fault instanceof ApiProblem && fault.fields.length > 0) && <Notice tone="danger">{messageOf(fault)}</Notice>}
      <Field label="Name" error={wrong("name")}>
        {(ids) => <Input {...ids} required autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="ARN" hint="arn:aws:iam::123456789012:role/deploy, or …:user/deployer" error={wrong("arn") && "Not the ARN of a role or user of IAM"}>
        {(ids) => <Input {...ids} required spellCheck={false} value={arn} onChange={(event) => setArn(event.target.value)} />}
      </Field>
      {role && session.user.is_operator && (
        <Checkbox label="By this installation’s own AWS identity" hint="In place of keys from a vault; for the operator alone." checked={own} onChange={(event) => setOwn(event.target.checked)} />
      )}
      {!platform && (
        <Field
          label={role ? "Keys that may assume it" : "Where its keys live"}
          hint={stored.data?.length === 0 ? "No vault holds a credential of type aws yet. Store one under Vault first." : "A credential of type aws in a vault."}
          error={stored.error ? messageOf(stored.error) : undefined}
        >
          {(ids) => (
            <Select {...ids} required value={credential} onChange={(event) => setCredential(event.target.value)}>
              <option value="">Choose one</option>
              {stored.data?.map((item) => (
                <option key={item.id} value={item.id}>
                  {item.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      {!role && (
        <>
          <Field label="Its keys are managed by" hint="A role can help where the user’s own key is lost.">
            {(ids) => (
              <Select {...ids} value={manager} onChange={(event) => setManager(event.target.value)}>
                <option value="">the user itself</option>
                {roles.map((item) => (
                  <option key={item.id} value={item.id}>
                    {item.name}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label="Rotate by itself after days" hint="Empty: only when somebody asks." error={wrong("rotate_after_days")}>
            {(ids) => <Input {...ids} type="number" min={1} max={3650} value={days} onChange={(event) => setDays(event.target.value)} />}
          </Field>
        </>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim() || !arn.trim()}>
          Register
        </Button>
      </DialogActions>
    </form>
  );
}
