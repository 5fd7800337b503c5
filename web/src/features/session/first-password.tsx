import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { useTitle } from "@/components/ui/page";
import { api, messageOf } from "@/lib/api/client";
import { fetchSession, sessionKey, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { AuthCard } from "./auth-card";
import { heldPassword, holdPassword } from "./one-time";
import { signOut } from "./sign-out";

/** After a sign-in with a one-time password: nothing else is open until the person has chosen one of their own. */
export default function FirstPassword() {
  useTitle("Choose a password");
  const client = useQueryClient();
  const { user } = useSession();
  // Asked for only after a reload.
  const [known] = useState(heldPassword);
  const [current, setCurrent] = useState(known);
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const differs = again !== "" && again !== next;

  const submit = async () => {
    setBusy(true);
    setError("");
    try {
      await api.put("/profile/password", { current_password: current, new_password: next });
      holdPassword("");
      client.setQueryData(sessionKey, await fetchSession());
      toast("Your password is set.", { kind: "success" });
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };

  return (
    <AuthCard title="Choose your password" description={`You signed in as ${user.email} with a password that works once.`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (next === again) void submit();
        }}
      >
        {error && <Notice tone="danger">{error}</Notice>}
        <input type="hidden" name="username" autoComplete="username" value={user.email} readOnly />
        {!known && (
          <Field label="One-time password" hint="The one you have just signed in with.">
            {(ids) => <Input {...ids} type="password" autoComplete="current-password" required autoFocus value={current} onChange={(event) => setCurrent(event.target.value)} />}
          </Field>
        )}
        <Field label="New password" hint="At least 12 characters. A few words in a row are easy to remember and hard to guess.">
          {(ids) => <Input {...ids} type="password" autoComplete="new-password" required autoFocus={Boolean(known)} minLength={12} value={next} onChange={(event) => setNext(event.target.value)} />}
        </Field>
        <Field label="New password, again" error={differs && "The two are not the same."}>
          {(ids) => <Input {...ids} type="password" autoComplete="new-password" required value={again} onChange={(event) => setAgain(event.target.value)} />}
        </Field>
        <Button type="submit" variant="primary" size="lg" busy={busy} disabled={differs}>
          Save and go on
        </Button>
        <Button variant="ghost" onClick={() => signOut()}>
          Sign out
        </Button>
      </form>
    </AuthCard>
  );
}
