import { Eye, RefreshCw, Trash2, Undo2 } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Details } from "@/components/ui/details";
import { Card, LoadFault, Section, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { Credential, CredentialUse, Vault } from "@/lib/api/types";
import { formatAgo, formatDateTime } from "@/lib/format";
import { toast } from "@/lib/toast";
import { Back } from "./back";
import { CredentialForm } from "./credential-form";
import { Mirrors } from "./mirrors";
import { useChange, useCredential, useRefresh, useUses, useVault, useVersions } from "./queries";
import { Reveal } from "./reveal";
import { Rotation } from "./rotation";
import { Trail } from "./trail";
import { healthOf, typeNames } from "./words";

/** One credential: how it is, how it is rotated, what uses it, what happened to it. */
export function CredentialView({ id }: { id: string }) {
  const credential = useCredential(id);
  const vault = useVault(credential.data?.vault_id ?? "");
  if (credential.error)
    return (
      <SettingsPage title="Credential">
        <Back href="/settings/vault">All vaults</Back>
        <LoadFault error={credential.error} retry={credential.refetch} />
      </SettingsPage>
    );
  if (!credential.data || !vault.data)
    return (
      <SettingsPage title="Credential">
        <TableSkeleton />
      </SettingsPage>
    );
  return <View credential={credential.data} vault={vault.data} />;
}

function View({ credential, vault }: { credential: Credential; vault: Vault }) {
  const [open, setOpen] = useState<"reveal" | "version" | "delete" | null>(null);
  const health = healthOf(credential);
  const may = (right: string) => vault.may.includes(right) && !credential.deleted_at;
  const change = useChange((asked: Partial<Credential>) => api.patch(`/credentials/${credential.id}`, asked));
  const restore = useChange(() => api.post(`/credentials/${credential.id}/restore`), "It is back.");
  return (
    <SettingsPage
      title={credential.name}
      description={
        <span className="flex flex-wrap items-center gap-2">
          {typeNames[credential.type] ?? credential.type} <Badge tone={health.tone}>{health.text}</Badge>
        </span>
      }
      action={
        <div className="flex flex-wrap gap-2">
          {may("reveal") && (
            <Button onClick={() => setOpen("reveal")}>
              <Eye className="size-4" />
              Show or copy
            </Button>
          )}
          {may("write") && (
            <Button variant="primary" onClick={() => setOpen("version")}>
              <RefreshCw className="size-4" />
              New value
            </Button>
          )}
        </div>
      }
    >
      <Back href={`/settings/vault?vault=${vault.id}`}>{vault.name}</Back>
      {credential.deleted_at && (
        <Notice
          tone="warn"
          action={
            vault.may.includes("write") && (
              <Button size="sm" onClick={() => restore.mutate(undefined)}>
                Have it back
              </Button>
            )
          }
        >
          It was deleted {formatAgo(credential.deleted_at)}, and is destroyed {formatAgo(credential.purge_after)}.
        </Notice>
      )}
      <Card className="grid gap-4 p-5">
        <Details
          rows={[
            ["Value", "••••••••••••"],
            ["Version", `${credential.current_version}, since ${formatDateTime(credential.last_rotated ?? credential.created_at)}`],
            ["Expires", credential.expires_at ? formatDateTime(credential.expires_at) : "never"],
            ["Last used", credential.last_used_at ? `${formatAgo(credential.last_used_at)} by ${credential.last_used_by_email ?? (credential.last_used_by_kind === "system" ? "a job" : "a key")}` : "never"],
            ...Object.entries(credential.metadata).map(([name, value]): [string, string] => [name, typeof value === "string" ? value : JSON.stringify(value)]),
          ]}
        />
        {may("write") && (
          <div className="flex flex-wrap gap-2">
            <Button size="sm" onClick={() => change.mutate({ is_active: !credential.is_active })}>
              {credential.is_active ? "Switch off" : "Switch on"}
            </Button>
            <Button size="sm" variant="ghost" className="text-danger hover:text-danger" onClick={() => setOpen("delete")}>
              <Trash2 className="size-3.5" />
              Delete
            </Button>
          </div>
        )}
      </Card>
      {!credential.deleted_at && <Rotation credential={credential} vault={vault} />}
      <Uses credential={credential} />
      <Versions credential={credential} mayChange={may("write")} />
      {!credential.deleted_at && <Mirrors credential={credential} vault={vault} />}
      {vault.may.includes("trail") && (
        <Section title="Access log">
          <Trail vault={vault.id} credential={credential.id} />
        </Section>
      )}
      {open === "reveal" && <Reveal credential={credential} vault={vault} onClose={() => setOpen(null)} />}
      {open === "version" && <CredentialForm credential={credential} onClose={() => setOpen(null)} />}
      {open === "delete" && <Delete credential={credential} vault={vault} onClose={() => setOpen(null)} />}
    </SettingsPage>
  );
}

function Uses({ credential }: { credential: Credential }) {
  const { data } = useUses(credential.id);
  if (!data) return null;
  return (
    <Section title="Used by">
      {data.length === 0 ? (
        <p className="text-sm text-ink-2">Nothing uses it by reference.</p>
      ) : (
        <ul className="flex flex-wrap gap-2">
          {data.map((use) => (
            <li key={use.kind + use.id}>
              <Badge>
                {use.kind.replaceAll("-", " ")}: {use.name}
              </Badge>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const stageTones = { current: "good", previous: "accent", pending: "warn", retired: "neutral" } as const;

function Versions({ credential, mayChange }: { credential: Credential; mayChange: boolean }) {
  const { items, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useVersions(credential.id);
  const back = useChange((version: number) => api.post(`/credentials/${credential.id}/roll-back`, { version }), "That version is current again.");
  const promote = useChange((_: number) => api.post(`/credentials/${credential.id}/promote`), "It is current now.");
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!items) return <TableSkeleton rows={2} />;
  return (
    <Section title="Versions" description="Of the stages pending, current and previous there is one version each; retired ones can be rolled back to for 90 days.">
      <Table label="Versions" head={["Version", "Stage", "Stored", <span className="sr-only">Actions</span>]}>
        {items.map((version) => (
          <tr key={version.version}>
            <td className="tabular-nums">{version.version}</td>
            <td className="whitespace-nowrap">
              <Badge tone={stageTones[version.stage]}>{version.stage}</Badge>
              {version.valid_until && <span className="block text-[13px] text-ink-3">served until {formatDateTime(version.valid_until)}</span>}
            </td>
            <td className="whitespace-nowrap text-ink-2">{formatDateTime(version.created_at)}</td>
            <td className="text-right">
              {mayChange && (version.stage === "previous" || version.stage === "retired") && (
                <Button size="sm" variant="ghost" aria-label={`Roll back to version ${version.version}`} onClick={() => back.mutate(version.version)}>
                  <Undo2 className="size-3.5" />
                  Roll back
                </Button>
              )}
              {mayChange && version.stage === "pending" && (
                <Button size="sm" variant="ghost" aria-label={`Promote version ${version.version}`} onClick={() => promote.mutate(version.version)}>
                  Promote
                </Button>
              )}
            </td>
          </tr>
        ))}
      </Table>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </Section>
  );
}

/** Deletes, after saying what would stop working; it can be undone. */
function Delete({ credential, vault, onClose }: { credential: Credential; vault: Vault; onClose: () => void }) {
  const [uses, setUses] = useState<CredentialUse[]>([]);
  const [error, setError] = useState("");
  const [, go] = useLocation();
  const refresh = useRefresh();
  const run = async () => {
    setError("");
    try {
      await api.delete(`/credentials/${credential.id}?force=${uses.length > 0}`);
    } catch (fault) {
      if (fault instanceof ApiProblem && fault.slug === "credential-in-use") return setUses((fault.body.uses as CredentialUse[] | undefined) ?? []);
      return setError(messageOf(fault));
    }
    onClose();
    go(`/settings/vault?vault=${vault.id}`);
    await refresh();
    toast(`${credential.name} is deleted.`, {
      action: {
        label: "Undo",
        run: () => {
          void api.post(`/credentials/${credential.id}/restore`).then(refresh, (fault: unknown) => toast(messageOf(fault), { kind: "error" }));
        },
      },
    });
  };
  return (
    <Dialog open onOpenChange={onClose} title={`Delete ${credential.name}?`} description={`It is served no more from now on, and can be had back for ${vault.recovery_days} days.`}>
      {error && <Notice tone="danger">{error}</Notice>}
      {uses.length > 0 && (
        <Notice tone="danger">
          These use it and stop working:
          <ul className="mt-1 list-disc pl-5">
            {uses.map((use) => (
              <li key={use.kind + use.id}>
                {use.kind.replaceAll("-", " ")} {use.name}
              </li>
            ))}
          </ul>
        </Notice>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="danger" onClick={() => void run()}>
          {uses.length > 0 ? "Delete all the same" : "Delete"}
        </Button>
      </DialogActions>
    </Dialog>
  );
}
