import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { PasskeySetup } from "@/components/sign-in/passkey-setup";
import { TotpSetup } from "@/components/sign-in/totp-setup";
import { Button } from "@/components/ui/button";
import { useTitle } from "@/components/ui/page";
import { hasPasskeys } from "@/lib/passkeys";
import { fetchSession, sessionKey, useSession } from "@/lib/session";
import { AuthCard } from "./auth-card";
import { heldPassword, holdPassword } from "./one-time";
import { signOut } from "./sign-out";

/** Where the workspace asks everybody for a second factor: nothing else is open before there is one. */
export default function MustEnrol() {
  useTitle("Add a second factor");
  const client = useQueryClient();
  const { tenant } = useSession();
  const [way, setWay] = useState<"totp" | "passkey">("totp");
  const [password] = useState(heldPassword);
  const done = async () => {
    holdPassword("");
    client.setQueryData(sessionKey, await fetchSession());
  };
  return (
    <AuthCard title="Add a second factor" description={`${tenant.name} asks everybody for one besides the password.`}>
      {way === "totp" ? <TotpSetup password={password} onDone={() => void done()} /> : <PasskeySetup password={password} onDone={() => void done()} />}
      {hasPasskeys() && (
        <Button onClick={() => setWay(way === "totp" ? "passkey" : "totp")}>{way === "totp" ? "Make a passkey instead" : "Use an authenticator app instead"}</Button>
      )}
      <Button variant="ghost" onClick={() => signOut()}>
        Sign out
      </Button>
    </AuthCard>
  );
}
