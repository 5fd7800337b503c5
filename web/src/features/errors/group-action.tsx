import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Section } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { ErrorAction, ErrorGroupDetail } from "@/lib/api/types";
import { formatDateTime } from "@/lib/format";
import { type Scope, useChange } from "./queries";

const kinds: Record<ErrorAction["kind"], string> = {
  webhook: "Call the webhook of the settings",
  retry_job: "Retry the job that failed",
  rest_provider: "Switch the provider off for a time",
  restart_model: "Restart the local model",
  rotate_credential: "Rotate the credential",
};

/** What is done by itself when an error of the group happens. */
export function GroupAction({ scope, group }: { scope: Scope; group: ErrorGroupDetail }) {
  const before = group.auto_resolve_action as ErrorAction | null;
  const [kind, setKind] = useState<ErrorAction["kind"]>(before?.kind ?? "webhook");
  const [most, setMost] = useState(String(before?.most_per_hour ?? 3));
  const [enabled, setEnabled] = useState(group.auto_resolve_enabled);
  const save = useChange(scope, () =>
    api.put(`/errors/groups/${group.id}/action`, { enabled, action: { ...(before?.kind === kind ? before : {}), kind, most_per_hour: Number(most) || 1 } }, { query: { scope } }),
  );
  return (
    <Section title="Act by itself" description="Runs only while actions are switched on in the settings of errors too. Each run is noted here and in the audit trail.">
      <form
        className="grid gap-4 sm:grid-cols-[1fr_8rem]"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate(undefined);
        }}
      >
        <Field label="Action">
          {(ids) => (
            <Select {...ids} value={kind} onChange={(event) => setKind(event.target.value as ErrorAction["kind"])}>
              {(scope === "platform" ? (Object.keys(kinds) as ErrorAction["kind"][]) : (["webhook"] as const)).map((name) => (
                <option key={name} value={name}>
                  {kinds[name]}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="At most an hour">{(ids) => <Input {...ids} type="number" min={1} max={60} required value={most} onChange={(event) => setMost(event.target.value)} />}</Field>
        <Checkbox label="Enabled for this group" checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
        <Button type="submit" busy={save.isPending}>
          Save
        </Button>
      </form>
      {group.actions.length > 0 && (
        <ul className="rounded-xl border bg-raised text-sm [&>li+li]:border-t">
          {group.actions.map((run) => (
            <li key={run.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
              <span className="text-ink-3">{formatDateTime(run.started_at)}</span>
              <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">{run.detail || kinds[(run.action as unknown as ErrorAction).kind]}</span>
              <Badge tone={run.succeeded ? "good" : run.succeeded === false ? "danger" : "neutral"}>{run.succeeded ? "done" : run.succeeded === false ? "not done" : "under way"}</Badge>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
