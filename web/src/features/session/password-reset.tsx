import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { useTitle } from "@/components/ui/page";
import { api, messageOf } from "@/lib/api/client";
import { AuthCard } from "./auth-card";

/** Asks where to send a link. Whether the address is known is not said. */
export function ForgottenPassword({ email: known, onBack }: { email: string; onBack: () => void }) {
  const [email, setEmail] = useState(known);
  const [sent, setSent] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const ask = async () => {
    setBusy(true);
    setError("");
    try {
      await api.post("/password-reset", { email: email.trim() }, { anonymous: true });
      setSent(true);
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };
  return (
    <AuthCard title="Forgotten password" description={sent ? "If there is an account of that address, a link is on its way. It is good for an hour." : "A link to choose a new one comes by mail."}>
      {!sent && (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void ask();
          }}
        >
          {error && <Notice tone="danger">{error}</Notice>}
          <Field label="E-mail">
            {(ids) => <Input {...ids} type="email" autoComplete="username" required autoFocus value={email} onChange={(event) => setEmail(event.target.value)} className="h-10" />}
          </Field>
          <Button type="submit" variant="primary" size="lg" busy={busy}>
            Send the link
          </Button>
        </form>
      )}
      <Button variant="ghost" onClick={onBack}>
        Back
      </Button>
    </AuthCard>
  );
}

/** What the link in the mail leads to. */
export default function ChoosePassword() {
  useTitle("New password");
  const [token] = useState(() => location.hash.slice(1));
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [done, setDone] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const differs = again !== "" && again !== password;
  const save = async () => {
    setBusy(true);
    setError("");
    try {
      await api.post("/password-reset/finish", { token, new_password: password }, { anonymous: true });
      setDone(true);
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };
  return (
    <AuthCard title={done ? "Your password is set" : "Choose a new password"} description={done ? "Every device of yours is signed out." : "It ends every session of your account."}>
      {done ? (
        <Button variant="primary" size="lg" onClick={() => location.assign("/")}>
          To the sign-in
        </Button>
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            if (password === again) void save();
          }}
        >
          {error && <Notice tone="danger">{error}</Notice>}
          <Field label="New password" hint="At least 12 characters.">
            {(ids) => <Input {...ids} type="password" autoComplete="new-password" required autoFocus minLength={12} value={password} onChange={(event) => setPassword(event.target.value)} />}
          </Field>
          <Field label="New password, again" error={differs && "The two are not the same."}>
            {(ids) => <Input {...ids} type="password" autoComplete="new-password" required value={again} onChange={(event) => setAgain(event.target.value)} />}
          </Field>
          <Button type="submit" variant="primary" size="lg" busy={busy} disabled={differs}>
            Save
          </Button>
        </form>
      )}
    </AuthCard>
  );
}
