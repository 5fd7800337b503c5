import { useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { Session } from "@/lib/api/types";
import { hasPasskeys, usePasskey } from "@/lib/passkeys";
import { storeSession } from "@/lib/session";
import { goToProvider } from "./organisation";

/** Signs in by any passkey that this device or a phone nearby offers. */
export function PasskeyButton({ onError }: { onError: (message: string) => void }) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  if (!hasPasskeys()) return null;
  const signIn = async () => {
    setBusy(true);
    onError("");
    try {
      const options = await api.post<Record<string, unknown>>("/session/passkey/options", undefined, { anonymous: true });
      const credential = await usePasskey(options);
      storeSession(client, await api.post<Session>("/session/passkey", { credential }, { anonymous: true }));
    } catch (fault) {
      if (fault instanceof ApiProblem && fault.slug === "sso-required" && typeof fault.body.tenant === "string") goToProvider(fault.body.tenant);
      else onError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <Button size="lg" busy={busy} onClick={() => void signIn()}>
      {!busy && <KeyRound aria-hidden className="size-4" />}
      Continue with a passkey
    </Button>
  );
}
