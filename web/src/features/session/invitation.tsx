import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { useTitle } from "@/components/ui/page";
import { api, messageOf } from "@/lib/api/client";
import type { InvitationLook, Session } from "@/lib/api/types";
import { storeSession } from "@/lib/session";
import { AuthCard } from "./auth-card";
import { goToProvider, OrganisationButton } from "./organisation";

const home = () => location.assign("/");

/** What the link of an invitation leads to: a first password, or the workspace's own sign-in. */
export default function AcceptInvitation() {
  useTitle("Invitation");
  const [token] = useState(() => location.hash.slice(1));
  const { data, error } = useQuery({
    queryKey: ["invitation"],
    queryFn: () => api.post<InvitationLook>("/invitation/look", { token }, { anonymous: true }),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (error)
    return (
      <AuthCard title="This invitation is over" description={messageOf(error)}>
        <Button variant="primary" size="lg" onClick={home}>
          To the sign-in
        </Button>
      </AuthCard>
    );
  if (!data) return <AuthCard title="Invitation" description="One moment." children={null} />;
  const description = `${data.email} is invited as ${data.role}.`;
  if (data.sso_required)
    return (
      <AuthCard title={`Join ${data.tenant}`} description={description}>
        <p className="text-sm text-ink-2">This workspace signs in by its organization. Your account is made when you come by it.</p>
        <OrganisationButton onClick={() => goToProvider(data.slug, "/")} />
      </AuthCard>
    );
  return (
    <AuthCard title={`Join ${data.tenant}`} description={description}>
      <Form token={token} look={data} />
      {data.has_sso && <OrganisationButton onClick={() => goToProvider(data.slug, "/")} />}
    </AuthCard>
  );
}

function Form({ token, look }: { token: string; look: InvitationLook }) {
  const client = useQueryClient();
  const [name, setName] = useState(look.name);
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const differs = again !== "" && again !== password;
  const accept = async () => {
    setBusy(true);
    setError("");
    try {
      const session = await api.post<Session>("/invitation/accept", { token, name: name.trim(), new_password: password }, { anonymous: true });
      storeSession(client, session);
      home();
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
        if (password === again) void accept();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <input type="hidden" name="username" autoComplete="username" value={look.email} readOnly />
      <Field label="Your name">{(ids) => <Input {...ids} maxLength={200} autoComplete="name" autoFocus value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label="New password" hint="At least 12 characters. A few words in a row are easy to remember and hard to guess.">
        {(ids) => <Input {...ids} type="password" autoComplete="new-password" required minLength={12} value={password} onChange={(event) => setPassword(event.target.value)} />}
      </Field>
      <Field label="New password, again" error={differs && "The two are not the same."}>
        {(ids) => <Input {...ids} type="password" autoComplete="new-password" required value={again} onChange={(event) => setAgain(event.target.value)} />}
      </Field>
      <Button type="submit" variant="primary" size="lg" busy={busy} disabled={differs}>
        Join
      </Button>
    </form>
  );
}
