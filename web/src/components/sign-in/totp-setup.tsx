import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { RecoveryCodes, TotpEnrolment } from "@/lib/api/types";

interface Props {
  /** Asked for unless it is known from the sign-in a moment ago. */
  password?: string;
  /** Called when the recovery codes have been seen. */
  onDone: () => void;
}

/** Password, QR code, first code, recovery codes: how an authenticator app is added. */
export function TotpSetup({ password: known = "", onDone }: Props) {
  const [password, setPassword] = useState(known);
  const [enrolment, setEnrolment] = useState<TotpEnrolment | null>(null);
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<string[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  const attempt = async (step: () => Promise<void>) => {
    setBusy(true);
    setError("");
    try {
      await step();
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };

  if (codes) return <RecoveryCodesShown codes={codes} onDone={onDone} />;
  if (!enrolment)
    return (
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void attempt(async () => setEnrolment(await api.post<TotpEnrolment>("/profile/totp", { password })));
        }}
      >
        {error && <Notice tone="danger">{error}</Notice>}
        <Field label="Your password" hint="Leave it empty if you signed in without one just now.">
          {(ids) => <Input {...ids} type="password" autoComplete="current-password" autoFocus value={password} onChange={(event) => setPassword(event.target.value)} />}
        </Field>
        <Button type="submit" variant="primary" busy={busy}>
          Go on
        </Button>
      </form>
    );
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(async () => setCodes((await api.post<RecoveryCodes>("/profile/totp/confirm", { code })).codes));
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <p className="text-sm text-ink-2">Scan this with an authenticator app, or type the secret into it.</p>
      <img src={enrolment.picture} alt="QR code of the secret below" className="size-44 justify-self-center rounded-lg bg-white" />
      <Snippet text={enrolment.secret} label="Secret" />
      <Field label="Code that the app shows">
        {(ids) => (
          <Input {...ids} required autoFocus inputMode="numeric" autoComplete="one-time-code" maxLength={7} value={code} onChange={(event) => setCode(event.target.value)} className="font-mono" />
        )}
      </Field>
      <Button type="submit" variant="primary" busy={busy} disabled={code.replace(/\s/g, "").length !== 6}>
        Confirm
      </Button>
    </form>
  );
}

/** Shown once; to be kept where the app is not. */
export const RecoveryCodesShown = ({ codes, onDone }: { codes: string[]; onDone: () => void }) => (
  <div className="grid gap-4">
    <p className="text-sm text-ink-2">Keep these where your app is not: each lets you in once if you lose it. They are not shown again.</p>
    <Snippet text={codes.join("\n")} label="Recovery codes" lines />
    <Button variant="primary" onClick={onDone}>
      I have kept them
    </Button>
  </div>
);
