import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog } from "@/components/ui/dialog";
import { Card, LoadFault, Section, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { Page, Policy } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { CacheState } from "./cache-fields";
import { Guardrails } from "./guardrails";
import { PolicyForm } from "./policy-form";
import { saidBy } from "./words";

export const policiesKey = ["policies"] as const;

export default function PoliciesPage() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: policiesKey, queryFn: () => api.get<Page<Policy>>("/policies") });
  const [editing, setEditing] = useState<Policy | "new" | null>(null);
  const [deleting, setDeleting] = useState<Policy | null>(null);
  const policies = data?.items;
  const make = (
    <Button variant="primary" onClick={() => setEditing("new")}>
      <Plus className="size-4" />
      New policy
    </Button>
  );
  return (
    <SettingsPage
      title="Policies"
      description="What calls may do: which models, names of your own for them, parameters, tags. One policy binds the whole workspace; a key’s own can only narrow it."
      action={policies?.length ? make : undefined}
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !policies ? (
        <TableSkeleton />
      ) : policies.length === 0 ? (
        <Empty icon={ShieldCheck} title="No rules yet" action={make}>
          Every key may use every model that is connected. A policy says which, how long answers may get, and how calls must be tagged.
        </Empty>
      ) : (
        <Section>
          {policies.map((policy) => (
            <PolicyCard key={policy.id} policy={policy} onEdit={() => setEditing(policy)} onDelete={() => setDeleting(policy)} />
          ))}
        </Section>
      )}
      <Dialog
        open={editing !== null}
        onOpenChange={(open) => !open && setEditing(null)}
        title={editing === "new" ? "New policy" : `Change ${editing?.name ?? ""}`}
        description="It reaches calls as soon as it is saved."
        className="w-[min(94vw,44rem)]"
      >
        {editing && (
          <PolicyForm
            stored={editing === "new" ? null : editing}
            taken={policies ?? []}
            onCancel={() => setEditing(null)}
            onSaved={async () => {
              setEditing(null);
              await client.invalidateQueries({ queryKey: policiesKey });
              toast("The policy is in force.", { kind: "success" });
            }}
          />
        )}
      </Dialog>
      <Confirm
        open={deleting !== null}
        onOpenChange={(open) => !open && setDeleting(null)}
        title={`Delete ${deleting?.name}?`}
        description="Calls are free of it at once. This cannot be undone; to pause it, switch it off instead."
        action="Delete"
        danger
        run={async () => {
          await api.delete(`/policies/${deleting?.id}`);
          await client.invalidateQueries({ queryKey: policiesKey });
          toast("The policy is deleted.", { kind: "success" });
        }}
      />
    </SettingsPage>
  );
}

interface CardProps {
  policy: Policy;
  onEdit: () => void;
  onDelete: () => void;
}

function PolicyCard({ policy, onEdit, onDelete }: CardProps) {
  const said = saidBy(policy);
  return (
    <Card className="grid gap-3 p-5">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="font-semibold">{policy.name}</h2>
        <Badge tone={policy.api_key_id ? "neutral" : "accent"}>{policy.api_key_id ? `key ${policy.key_name}` : "workspace"}</Badge>
        {!policy.is_active && <Badge tone="warn">off</Badge>}
        <span className="ml-auto flex gap-1">
          <Button size="sm" variant="outline" aria-label={`Change ${policy.name}`} onClick={onEdit}>
            Change
          </Button>
          <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Delete ${policy.name}`} onClick={onDelete}>
            Delete
          </Button>
        </span>
      </div>
      {policy.api_key_id && <p className="text-[13px] text-ink-3">Of {policy.key_owner}</p>}
      {said.length ? (
        <dl className="grid gap-x-6 gap-y-2 text-sm sm:grid-cols-[9rem_1fr]">
          {said.map(({ what, text }) => (
            <div key={what} className="contents">
              <dt className="text-ink-3">{what}</dt>
              <dd className="[overflow-wrap:anywhere]">{text}</dd>
            </div>
          ))}
        </dl>
      ) : (
        <p className="text-sm text-ink-2">It binds nothing by itself.</p>
      )}
      <Guardrails policy={policy} />
      {policy.cache && policy.cache.mode !== "off" && <CacheState policy={policy} />}
    </Card>
  );
}
