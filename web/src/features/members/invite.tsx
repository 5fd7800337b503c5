import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { InvitedMember, Role } from "@/lib/api/types";
import { RoleField } from "./role-field";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onInvited: (email: string, password: string) => void;
}

export const Invite = ({ open, onOpenChange, onInvited }: Props) => (
  <Dialog open={open} onOpenChange={onOpenChange} title="Add a member" description="You get a password that works once, to hand over.">
    <Form
      onCancel={() => onOpenChange(false)}
      onInvited={(email, password) => {
        onOpenChange(false);
        onInvited(email, password);
      }}
    />
  </Dialog>
);

function Form({ onCancel, onInvited }: { onCancel: () => void; onInvited: Props["onInvited"] }) {
  const client = useQueryClient();
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const invite = async () => {
    setBusy(true);
    setError("");
    try {
      const member = await api.post<InvitedMember>("/users", { email: email.trim(), name: name.trim(), role });
      await client.invalidateQueries({ queryKey: ["members"] });
      onInvited(member.email, member.one_time_password);
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void invite();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="E-mail">{(ids) => <Input {...ids} type="email" required value={email} onChange={(event) => setEmail(event.target.value)} />}</Field>
      <Field label="Name">{(ids) => <Input {...ids} maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <RoleField value={role} onChange={setRole} />
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          Add
        </Button>
      </DialogActions>
    </form>
  );
}
