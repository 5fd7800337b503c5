import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { Session } from "@/lib/api/types";
import { storeSession } from "@/lib/session";
import { AuthCard } from "./auth-card";
import { PasskeyButton } from "./passkey-button";

export interface Challenge {
  challenge: string;
  ways: string[];
}

/** The challenge in a refusal of the first step, if that is what it is. */
export function challengeOf(problem: ApiProblem | null): Challenge | null {
  if (problem?.slug !== "second-factor-required" || typeof problem.body.challenge !== "string") return null;
  return { challenge: problem.body.challenge, ways: Array.isArray(problem.body.ways) ? (problem.body.ways as string[]) : [] };
}

interface Props {
  challenge: Challenge;
  onBack: (message?: string) => void;
  onSession: (session: Session) => void;
}

export function SecondStep({ challenge, onBack, onSession }: Props) {
  const client = useQueryClient();
  const [code, setCode] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const submit = async () => {
    setBusy(true);
    setError("");
    try {
      const session = await api.post<Session>("/session/second-factor", { challenge: challenge.challenge, code }, { anonymous: true });
      onSession(session);
      storeSession(client, session);
    } catch (fault) {
      if (fault instanceof ApiProblem && fault.slug === "challenge-over") onBack(messageOf(fault));
      else {
        setError(messageOf(fault));
        setCode("");
        setBusy(false);
      }
    }
  };
  return (
    <AuthCard title="One more step" description={challenge.ways.includes("totp") ? "Enter the code that your authenticator app shows, or a recovery code." : "This account signs in with a passkey."}>
      {challenge.ways.includes("totp") && (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          {error && <Notice tone="danger">{error}</Notice>}
          <Field label="Code">
            {(ids) => (
              <Input {...ids} required autoFocus autoComplete="one-time-code" spellCheck={false} maxLength={40} value={code} onChange={(event) => setCode(event.target.value)} className="h-10 font-mono" />
            )}
          </Field>
          <Button type="submit" variant="primary" size="lg" busy={busy} disabled={!code.trim()}>
            Sign in
          </Button>
        </form>
      )}
      {challenge.ways.includes("passkey") && <PasskeyButton onError={setError} />}
      {!challenge.ways.includes("totp") && error && <Notice tone="danger">{error}</Notice>}
      <Button variant="ghost" onClick={() => onBack()}>
        Back
      </Button>
    </AuthCard>
  );
}
