import { Lock, Plus, ShieldAlert } from "lucide-react";
import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import { Button } from "@/components/ui/button";
import { Card, LoadFault, Section, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { formatCount } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { CredentialView } from "./credential-view";
import { useVaults } from "./queries";
import { Requests } from "./requests";
import { VaultForm } from "./vault-form";
import { VaultView } from "./vault-view";

/** Settings, Vault: all vaults, one of them, or one credential, as the address says. */
export default function VaultPage() {
  const [search] = useSearchParams();
  const vault = search.get("vault");
  const credential = search.get("credential");
  if (credential) return <CredentialView key={credential} id={credential} />;
  if (vault) return <VaultView key={vault} id={vault} />;
  return <Vaults />;
}

function Vaults() {
  const session = useSession();
  const { items, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useVaults();
  const [making, setMaking] = useState(false);
  const make = mayWrite(session) && (
    <Button variant="primary" onClick={() => setMaking(true)}>
      <Plus className="size-4" />
      New vault
    </Button>
  );
  return (
    <SettingsPage
      title="Vault"
      description="Keys, passwords and certificates, sealed under a key of their own and used without being shown. Every attempt is in a chained log."
      action={make}
    >
      <Requests />
      <Section>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !items ? (
          <TableSkeleton />
        ) : items.length === 0 ? (
          <Empty icon={Lock} title="No vaults yet" action={make}>
            A vault holds credentials for the people and keys that you let in. Make one for each team or purpose.
          </Empty>
        ) : (
          <Card>
            <ul className="divide-y">
              {items.map((vault) => (
                <li key={vault.id} className="relative flex flex-wrap items-center justify-between gap-x-4 gap-y-1 px-5 py-4 hover:bg-hover">
                  <div className="min-w-0">
                    <Link href={`/settings/vault?vault=${vault.id}`} className="text-sm font-medium after:absolute after:inset-0">
                      {vault.name}
                    </Link>
                    <p className="text-[13px] text-ink-3 [overflow-wrap:anywhere]">{vault.description || `Key ${vault.encryption_key_arn}`}</p>
                  </div>
                  <p className="flex flex-wrap items-center gap-2 text-[13px] text-ink-2 tabular-nums">
                    {vault.second_person && (
                      <Badge>
                        <ShieldAlert aria-hidden className="size-3" />
                        two people
                      </Badge>
                    )}
                    <Badge>{vault.role ?? "admin"}</Badge>
                    {formatCount(vault.credentials ?? 0)} {vault.credentials === 1 ? "credential" : "credentials"}
                  </p>
                </li>
              ))}
            </ul>
          </Card>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
      {making && <VaultForm onClose={() => setMaking(false)} />}
    </SettingsPage>
  );
}
