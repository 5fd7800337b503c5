import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { TotpSetup } from "@/components/sign-in/totp-setup";
import { Button } from "@/components/ui/button";
import { useTitle } from "@/components/ui/page";
import { fetchSession, sessionKey, useSession } from "@/lib/session";
import { AuthCard } from "./auth-card";
import { heldPassword, holdPassword } from "./one-time";
import { signOut } from "./sign-out";

/** Where the workspace asks everybody for a second factor: nothing else is open before there is one. */
export default function MustEnrol() {
  useTitle("Add a second factor");
  const client = useQueryClient();
  const { tenant } = useSession();
  const [password] = useState(heldPassword);
  const done = async () => {
    holdPassword("");
    client.setQueryData(sessionKey, await fetchSession());
  };
  return (
    <AuthCard title="Add a second factor" description={`${tenant.name} asks everybody for one besides the password.`}>
      <TotpSetup password={password} onDone={() => void done()} />
      <Button variant="ghost" onClick={() => signOut()}>
        Sign out
      </Button>
    </AuthCard>
  );
}
