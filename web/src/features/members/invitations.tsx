import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Mail } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Section, Table } from "@/components/ui/page";
import { Badge, Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf, sentence } from "@/lib/api/client";
import type { Invitation, MadeInvitation, Page, Role } from "@/lib/api/types";
import { formatAgo, formatDate } from "@/lib/format";
import { toast } from "@/lib/toast";
import { RoleField } from "./role-field";

const key = ["invitations"] as const;

/** Links that each make one account; shown once, mailed where the server sends mail. */
export function Invitations() {
  const client = useQueryClient();
  const { data } = useQuery({ queryKey: key, queryFn: () => api.get<Page<Invitation>>("/invitations", { query: { limit: 200 } }) });
  const [inviting, setInviting] = useState(false);
  const [made, setMade] = useState<MadeInvitation | null>(null);
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await client.invalidateQueries({ queryKey: key });
  };
  return (
    <Section
      title="Invitations"
      description="A link makes one account and is good for a week."
      action={
        <Button size="sm" onClick={() => setInviting(true)}>
          <Mail className="size-4" />
          Invite by link
        </Button>
      }
    >
      {data && data.items.length > 0 && (
        <Table label="Invitations" head={["Address", "Role", "Good until", <span className="sr-only">Actions</span>]}>
          {data.items.map((item) => (
            <tr key={item.id}>
              <td>
                <span className="font-medium">{item.email}</span>
                <span className="block text-[13px] text-ink-3">{item.mailed_at ? `mailed ${formatAgo(item.mailed_at)}` : `made ${formatAgo(item.created_at)}`}</span>
              </td>
              <td className="capitalize">{item.role}</td>
              <td className="whitespace-nowrap">{new Date(item.expires_at) < new Date() ? <Badge tone="warn">over</Badge> : formatDate(item.expires_at)}</td>
              <td className="text-right whitespace-nowrap">
                <Button size="sm" variant="ghost" aria-label={`New link for ${item.email}`} onClick={() => attempt(async () => setMade(await api.post<MadeInvitation>(`/invitations/${item.id}/resend`)))}>
                  New link
                </Button>
                <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Revoke the invitation of ${item.email}`} onClick={() => attempt(() => api.delete(`/invitations/${item.id}`))}>
                  Revoke
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Dialog open={inviting} onOpenChange={setInviting} title="Invite by link">
        <Form
          onCancel={() => setInviting(false)}
          onMade={(invitation) => {
            setInviting(false);
            setMade(invitation);
            void client.invalidateQueries({ queryKey: key });
          }}
        />
      </Dialog>
      <Dialog open={made !== null} onOpenChange={() => setMade(null)} sticky title={`Invitation for ${made?.email}`} description={made?.mailed_at ? "It was mailed. You may hand over the link besides; it is not shown again." : "Hand over this link; it is not shown again."}>
        {made?.mail_error && <Notice tone="warn">{sentence(made.mail_error)}. Hand the link over yourself.</Notice>}
        <Snippet text={made?.link ?? ""} label="Invitation link" />
        <DialogActions>
          <Button variant="primary" onClick={() => setMade(null)}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    </Section>
  );
}

function Form({ onCancel, onMade }: { onCancel: () => void; onMade: (made: MadeInvitation) => void }) {
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const invite = async () => {
    setBusy(true);
    setError("");
    try {
      onMade(await api.post<MadeInvitation>("/invitations", { email: email.trim(), role }));
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
      <Field label="E-mail">{(ids) => <Input {...ids} type="email" required autoFocus value={email} onChange={(event) => setEmail(event.target.value)} />}</Field>
      <RoleField value={role} onChange={setRole} />
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          Invite
        </Button>
      </DialogActions>
    </form>
  );
}
