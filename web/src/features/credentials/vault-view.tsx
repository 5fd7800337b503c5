import { Download, FileKey, Plus, Settings } from "lucide-react";
import { useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { LoadFault, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { View, Views } from "@/components/ui/views";
import { api } from "@/lib/api/client";
import type { Credential, Vault } from "@/lib/api/types";
import { formatAgo, formatDate } from "@/lib/format";
import { CredentialForm } from "./credential-form";
import { Leaks } from "./leaks";
import { Members } from "./members";
import { useChange, useCredentials, useRefresh, useVault } from "./queries";
import { SecretsImport } from "./secrets-import";
import { Trail } from "./trail";
import { VaultForm } from "./vault-form";
import { Back } from "./back";
import { healthOf, typeNames } from "./words";

/** One vault: what it holds, who is in, what happened. */
export function VaultView({ id }: { id: string }) {
  const { data: vault, error, refetch } = useVault(id);
  const [search, setSearch] = useSearchParams();
  const [form, setForm] = useState<"credential" | "import" | "settings" | null>(null);
  const may = (right: string) => vault?.may.includes(right) ?? false;
  const views: [string, string][] = [["credentials", "Credentials"], ["deleted", "Deleted"], ["members", "Members"], ...(may("trail") ? [["trail", "Access log"] as [string, string]] : [])];
  const view = views.find(([name]) => name === search.get("view"))?.[0] ?? "credentials";
  return (
    <SettingsPage
      title={vault?.name ?? "Vault"}
      description={vault?.description}
      action={
        <div className="flex flex-wrap gap-2">
          {may("administer") && (
            <Button onClick={() => setForm("settings")}>
              <Settings className="size-4" />
              Settings
            </Button>
          )}
          {may("write") && (
            <>
              <Button onClick={() => setForm("import")}>
                <Download className="size-4" />
                Import
              </Button>
              <Button variant="primary" onClick={() => setForm("credential")}>
                <Plus className="size-4" />
                New credential
              </Button>
            </>
          )}
        </div>
      }
    >
      <Back href="/settings/vault">All vaults</Back>
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !vault ? (
        <TableSkeleton />
      ) : (
        <>
          <Leaks vault={vault} />
          <Views label="Vault" views={views} value={view} onChange={(next) => setSearch(next === "credentials" ? { vault: id } : { vault: id, view: next })}>
            <View name="credentials" className="gap-3">
              <List vault={vault} onNew={() => setForm("credential")} />
            </View>
            <View name="deleted" className="gap-3">
              <Deleted vault={vault} />
            </View>
            <View name="members">
              <Members vault={vault} />
            </View>
            <View name="trail">
              <Trail vault={id} credential={null} />
            </View>
          </Views>
          {form === "credential" && <CredentialForm vault={vault} onClose={() => setForm(null)} />}
          {form === "import" && <SecretsImport vault={vault} onClose={() => setForm(null)} />}
          {form === "settings" && <VaultSettings vault={vault} onClose={() => setForm(null)} />}
        </>
      )}
    </SettingsPage>
  );
}

function VaultSettings({ vault, onClose }: { vault: Vault; onClose: () => void }) {
  const [deleting, setDeleting] = useState(false);
  const [, go] = useLocation();
  const refresh = useRefresh();
  if (!deleting) return <VaultForm vault={vault} onClose={onClose} onDelete={() => setDeleting(true)} />;
  return (
    <Confirm
      open
      onOpenChange={onClose}
      title={`Delete the vault ${vault.name}?`}
      description="It must hold nothing, not even credentials that were deleted and can be had back. Its access log stays."
      action="Delete"
      danger
      run={async () => {
        await api.delete(`/credentials/vaults/${vault.id}`);
        go("/settings/vault");
        await refresh();
      }}
    />
  );
}

const Health = ({ credential }: { credential: Credential }) => {
  const health = healthOf(credential);
  return <Badge tone={health.tone}>{health.text}</Badge>;
};

function List({ vault, onNew }: { vault: Vault; onNew: () => void }) {
  const { items, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useCredentials(vault.id, false);
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!items) return <TableSkeleton />;
  if (items.length === 0)
    return (
      <Empty icon={FileKey} title="This vault is empty" action={vault.may.includes("write") && <Button onClick={onNew}>New credential</Button>}>
        Store a key, a password or a certificate: it is sealed at once, and used by reference.
      </Empty>
    );
  return (
    <>
      <Table label="Credentials" head={["Name", "State", "Rotated", "Expires", "Last used"]}>
        {items.map((credential) => (
          <tr key={credential.id} className="relative hover:bg-hover">
            <td>
              <Link href={`/settings/vault?credential=${credential.id}`} className="font-medium [overflow-wrap:anywhere] after:absolute after:inset-0">
                {credential.name}
              </Link>
              <span className="block text-[13px] text-ink-3">{typeNames[credential.type] ?? credential.type}</span>
            </td>
            <td>
              <Health credential={credential} />
            </td>
            <td className="whitespace-nowrap text-ink-2">
              {formatAgo(credential.last_rotated ?? credential.created_at)}
              {credential.rotation_schedule && <span className="block text-[13px] text-ink-3">every {credential.rotation_schedule}</span>}
            </td>
            <td className="whitespace-nowrap text-ink-2">{credential.expires_at ? formatDate(credential.expires_at) : "never"}</td>
            <td className="max-w-44 truncate text-ink-2">
              {formatAgo(credential.last_used_at)}
              {credential.last_used_at && <span className="block truncate text-[13px] text-ink-3">{credential.last_used_by_email ?? `a ${credential.last_used_by_kind === "system" ? "job" : "key"}`}</span>}
            </td>
          </tr>
        ))}
      </Table>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </>
  );
}

function Deleted({ vault }: { vault: Vault }) {
  const { items, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useCredentials(vault.id, true);
  const restore = useChange((credential: Credential) => api.post(`/credentials/${credential.id}/restore`), "It is back.");
  const [purging, setPurging] = useState<Credential | null>(null);
  const refresh = useRefresh();
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!items) return <TableSkeleton />;
  if (items.length === 0) return <Empty icon={FileKey} title="Nothing was deleted">What is deleted can be had back for {vault.recovery_days} days.</Empty>;
  return (
    <>
      <Table label="Deleted credentials" head={["Name", "Deleted", "Destroyed", <span className="sr-only">Actions</span>]}>
        {items.map((credential) => (
          <tr key={credential.id}>
            <td className="font-medium">{credential.name}</td>
            <td className="whitespace-nowrap text-ink-2">{formatAgo(credential.deleted_at)}</td>
            <td className="whitespace-nowrap text-ink-2">{credential.purge_after && formatDate(credential.purge_after)}</td>
            <td className="text-right whitespace-nowrap">
              {vault.may.includes("write") && (
                <Button size="sm" variant="ghost" aria-label={`Have ${credential.name} back`} onClick={() => restore.mutate(credential)}>
                  Have it back
                </Button>
              )}
              {vault.may.includes("administer") && (
                <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Destroy ${credential.name}`} onClick={() => setPurging(credential)}>
                  Destroy
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Table>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      <Confirm
        open={purging !== null}
        onOpenChange={() => setPurging(null)}
        title={`Destroy ${purging?.name}?`}
        description="All its versions are gone at once and for good. The access log stays."
        action="Destroy"
        danger
        run={async () => {
          await api.post(`/credentials/${purging?.id}/purge`);
          await refresh();
        }}
      />
    </>
  );
}
