import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import { describeAgent } from "@/lib/format";
import { createPasskey } from "@/lib/passkeys";

interface Props {
  /** Asked for unless it is known from the sign-in a moment ago. */
  password?: string;
  onDone: () => void;
}

/** A name, the password, and then what the device itself asks. */
export function PasskeySetup({ password: known = "", onDone }: Props) {
  const [name, setName] = useState(() => describeAgent(navigator.userAgent));
  const [password, setPassword] = useState(known);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const add = async () => {
    setBusy(true);
    setError("");
    try {
      const options = await api.post<Record<string, unknown>>("/profile/passkeys/options", { password });
      await api.post("/profile/passkeys", { name: name.trim(), credential: await createPasskey(options) });
      onDone();
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
        void add();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Name of the passkey" hint="To know it by, for example the device that keeps it.">
        {(ids) => <Input {...ids} required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="Your password" hint="Leave it empty if you signed in without one just now.">
        {(ids) => <Input {...ids} type="password" autoComplete="current-password" value={password} onChange={(event) => setPassword(event.target.value)} />}
      </Field>
      <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
        Make a passkey
      </Button>
    </form>
  );
}
