import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { CredentialLeak, Vault } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { useChange, useLeaks } from "./queries";

/** Stored values that were found in errors or the request log, until somebody has seen to them. */
export function Leaks({ vault }: { vault: Vault }) {
  const { items } = useLeaks(vault.id);
  const seen = useChange((credential: string) => api.post(`/credentials/${credential}/leaks/acknowledge`), "Noted.");
  const open = new Map<string, CredentialLeak[]>();
  for (const leak of items ?? []) if (!leak.acknowledged_at) open.set(leak.credential_id, [...(open.get(leak.credential_id) ?? []), leak]);
  return [...open].map(([credential, leaks]) => (
    <Notice
      key={credential}
      tone="danger"
      action={
        vault.may.includes("write") && (
          <Button size="sm" onClick={() => seen.mutate(credential)}>
            I rotated it
          </Button>
        )
      }
    >
      The value of{" "}
      <Link href={`/settings/vault?credential=${credential}`} className="font-medium underline underline-offset-3">
        {leaks[0]!.credential_name}
      </Link>{" "}
      stood in {leaks[0]!.source === "error_logs" ? "an error" : "the request log"} {formatAgo(leaks[0]!.found_at)}
      {leaks.length > 1 && ` and ${leaks.length - 1} more`}. It was taken out there; rotate it, since it may stand elsewhere.
    </Notice>
  ));
}
