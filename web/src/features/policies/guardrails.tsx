import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ArrowUp, Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { LoadFault } from "@/components/ui/page";
import { Badge, Skeleton, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Guardrail, Page, Policy } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { GuardrailForm } from "./guardrail-form";
import { actionNames, kindNames, stageNames } from "./guardrail-words";

/** What inspects prompts and answers under one policy. */
export function Guardrails({ policy }: { policy: Policy }) {
  const client = useQueryClient();
  const key = ["policies", policy.id, "guardrails"];
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: () => api.get<Page<Guardrail>>(`/policies/${policy.id}/guardrails`) });
  const [editing, setEditing] = useState<Guardrail | "new" | null>(null);
  const [deleting, setDeleting] = useState<Guardrail | null>(null);
  const [secret, setSecret] = useState("");
  const fresh = () => client.invalidateQueries({ queryKey: key });
  const items = data?.items ?? [];

  const raise = async (index: number) => {
    const ids = items.map((each) => each.id);
    [ids[index - 1], ids[index]] = [ids[index] as string, ids[index - 1] as string];
    try {
      await api.put(`/policies/${policy.id}/guardrails`, { guardrails: ids });
      await fresh();
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };

  return (
    <section aria-label={`Guardrails of ${policy.name}`} className="grid gap-2 border-t pt-3">
      <div className="flex items-center justify-between gap-3">
        <h3 className="text-sm font-medium">Guardrails</h3>
        <Button size="sm" variant="ghost" aria-label={`Add a guardrail to ${policy.name}`} onClick={() => setEditing("new")}>
          <Plus className="size-3.5" />
          Add
        </Button>
      </div>
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <Skeleton className="h-6" />
      ) : items.length === 0 ? (
        <p className="text-[13px] text-ink-3">None: prompts and answers pass as they are. Add one to keep personal data, secrets or words of your own from leaving.</p>
      ) : (
        <ol className="grid gap-1">
          {items.map((each, index) => (
            <li key={each.id} className="flex flex-wrap items-center gap-2 text-sm">
              <span className="font-medium [overflow-wrap:anywhere]">{each.name}</span>
              <Badge>{kindNames[each.kind]}</Badge>
              <span className="text-ink-2">
                {actionNames[each.action]} in {stageNames[each.stage]}
              </span>
              {!each.is_active && <Badge tone="warn">off</Badge>}
              <span className="ml-auto flex gap-1">
                {index > 0 && (
                  <Button size="icon" variant="ghost" aria-label={`Ask ${each.name} earlier`} onClick={() => raise(index)}>
                    <ArrowUp className="size-4" />
                  </Button>
                )}
                <Button size="sm" variant="ghost" aria-label={`Change the guardrail ${each.name}`} onClick={() => setEditing(each)}>
                  Change
                </Button>
                <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Delete the guardrail ${each.name}`} onClick={() => setDeleting(each)}>
                  Delete
                </Button>
              </span>
            </li>
          ))}
        </ol>
      )}
      <Dialog
        open={editing !== null || secret !== ""}
        onOpenChange={(open) => {
          if (open) return;
          setEditing(null);
          setSecret("");
        }}
        sticky={secret !== ""}
        title={secret ? "Copy the signing secret now" : editing === "new" ? "New guardrail" : "Change the guardrail"}
        description={secret ? "It is shown this once. Your server checks X-Radiant-Signature by it." : `Under ${policy.name}. It is asked after those above it.`}
        className="w-[min(94vw,36rem)]"
      >
        {secret ? (
          <>
            <Snippet text={secret} label="Signing secret" />
            <DialogActions>
              <Button variant="primary" onClick={() => setSecret("")}>
                I have copied it
              </Button>
            </DialogActions>
          </>
        ) : (
          editing && (
            <GuardrailForm
              policyId={policy.id}
              stored={editing === "new" ? null : editing}
              onCancel={() => setEditing(null)}
              onSaved={async (saved) => {
                setEditing(null);
                setSecret(saved.signing_secret ?? "");
                await fresh();
              }}
            />
          )
        )}
      </Dialog>
      <Confirm
        open={deleting !== null}
        onOpenChange={(open) => !open && setDeleting(null)}
        title={`Delete ${deleting?.name}?`}
        description="Prompts and answers pass without it at once."
        action="Delete"
        danger
        run={async () => {
          await api.delete(`/policies/${policy.id}/guardrails/${deleting?.id}`);
          await fresh();
        }}
      />
    </section>
  );
}
