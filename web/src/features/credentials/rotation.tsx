import { Check, CircleDashed, RotateCw, X } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Details } from "@/components/ui/details";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Credential, CredentialRotation, RotationPlan, Vault } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatAgo, formatDateTime, formatDuration } from "@/lib/format";
import { useChange, useCredentials, usePlan, useRefresh, useRotations } from "./queries";
import { stateWords, steps } from "./words";

const rotatorNames: Record<string, string> = { postgres: "PostgreSQL role", webhook: "A webhook" };

/** How and when a credential is rotated, and how far a rotation is. */
export function Rotation({ credential, vault }: { credential: Credential; vault: Vault }) {
  const plan = usePlan(credential.id);
  const rotations = useRotations(credential.id);
  const [editing, setEditing] = useState(false);
  const start = useChange((asked: { grace_seconds?: number }) => api.post(`/credentials/${credential.id}/rotations`, asked));
  const may = vault.may.includes("write");
  if (plan.error) return <LoadFault error={plan.error} retry={plan.refetch} />;
  if (!plan.data) return <TableSkeleton rows={2} />;
  const { rotator, schedule, next_rotation_at, grace_seconds, failures } = plan.data;
  const underWay = rotations.data?.some((rotation) => !rotation.finished_at) ?? false;
  return (
    <Section
      title="Rotation"
      action={
        may && (
          <div className="flex gap-2">
            <Button size="sm" onClick={() => setEditing(true)}>
              {rotator || schedule ? "Change" : "Set up"}
            </Button>
            {rotator && (
              <Button size="sm" variant="primary" disabled={underWay} busy={start.isPending} onClick={() => start.mutate({})}>
                <RotateCw className="size-3.5" />
                Rotate now
              </Button>
            )}
          </div>
        )
      }
    >
      <Card className="grid gap-4 p-5">
        <Details
          rows={[
            ["How", rotator ? (rotatorNames[rotator] ?? rotator) : "by hand"],
            ["When", schedule ? `every ${schedule}` : "when somebody asks"],
            ["Next", next_rotation_at && `${formatDateTime(next_rotation_at)} (${formatAgo(next_rotation_at)})`],
            ["Grace", `the value before is served for ${formatSpan(grace_seconds)}`],
          ]}
        />
        {credential.type === "aws" && !rotator && (
          <p className="text-[13px] text-ink-2">
            Access keys of an IAM user are made, checked, switched and deleted under{" "}
            <Link href="/settings/aws" className="underline underline-offset-2">
              AWS
            </Link>
            : register the user there with this credential, and say every how many days.
          </p>
        )}
        {failures > 0 && (
          <Notice tone="danger">
            The last {failures === 1 ? "rotation" : `${failures} rotations`} failed; the current value is still in use.
          </Notice>
        )}
        {rotations.data && rotations.data.length > 0 && (
          <ul className="grid gap-3 border-t pt-4" aria-label="Rotations">
            {rotations.data.map((rotation) => (
              <Progress key={rotation.id} rotation={rotation} />
            ))}
          </ul>
        )}
      </Card>
      {editing && <PlanForm credential={credential} plan={plan.data} vault={vault} onClose={() => setEditing(false)} />}
    </Section>
  );
}

function formatSpan(seconds: number): string {
  if (seconds === 0) return "no time at all";
  if (seconds % 86_400 === 0) return seconds === 86_400 ? "a day" : `${seconds / 86_400} days`;
  if (seconds % 3600 === 0) return seconds === 3600 ? "an hour" : `${seconds / 3600} hours`;
  return formatDuration(seconds * 1000);
}

function Progress({ rotation }: { rotation: CredentialRotation }) {
  return (
    <li className="grid gap-1.5 text-sm">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <span className="font-medium">{rotation.cause === "schedule" ? "By schedule" : "By hand"}</span>
        <span aria-live={rotation.finished_at ? undefined : "polite"} className="text-ink-2">
          {stateWords(rotation.state)}
          {rotation.version !== null && `, version ${rotation.version}`}
        </span>
        <time dateTime={rotation.started_at} className="text-[13px] text-ink-3">
          {formatAgo(rotation.started_at)}
        </time>
      </p>
      {rotation.state !== "current" && (
        <ol className="flex flex-wrap gap-x-4 gap-y-1 text-[13px] text-ink-2">
          {steps.map((step) => {
            const done = step in rotation.steps;
            const Icon = done ? Check : rotation.state === "failed" ? X : CircleDashed;
            return (
              <li key={step} className="flex items-center gap-1.5">
                <Icon aria-hidden className={cn("size-3.5", done ? "text-good" : "text-ink-3")} />
                {stateWords(step)}
                <span className="sr-only">{done ? ": done" : ": not yet"}</span>
              </li>
            );
          })}
        </ol>
      )}
      {rotation.error && <p className="text-[13px] text-danger [overflow-wrap:anywhere]">{rotation.error}</p>}
      {rotation.state === "current" && rotation.retire_at && !rotation.retired_at && <p className="text-[13px] text-ink-3">The former value is taken out of use {formatAgo(rotation.retire_at)}.</p>}
    </li>
  );
}

/** How it is rotated: the rotator with what it asks for, the schedule and the grace. */
function PlanForm({ credential, plan, vault, onClose }: { credential: Credential; plan: RotationPlan; vault: Vault; onClose: () => void }) {
  const refresh = useRefresh();
  const others = useCredentials(vault.id, false);
  const settings = plan.settings as Record<string, unknown>;
  const roles = Array.isArray(settings.roles) ? (settings.roles as string[]) : [];
  const [rotator, setRotator] = useState(plan.rotator ?? "");
  const [schedule, setSchedule] = useState(plan.schedule ?? "");
  const [hours, setHours] = useState(String(plan.grace_seconds / 3600));
  const [url, setUrl] = useState(typeof settings.url === "string" ? settings.url : "");
  const [signing, setSigning] = useState(typeof settings.signing === "string" ? settings.signing : "");
  const [two, setTwo] = useState(roles.length === 2);
  const [names, setNames] = useState([roles[0] ?? "", roles[1] ?? ""]);
  const [admin, setAdmin] = useState(typeof settings.admin === "string" ? settings.admin : "");
  const [plain, setPlain] = useState(settings.tls === "off");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const given = (): Record<string, unknown> => {
    if (rotator === "webhook") return { url: url.trim(), signing };
    if (rotator === "postgres") return { tls: plain ? "off" : "verify", ...(two ? { roles: names.map((name) => name.trim()), admin } : {}) };
    return plan.rotator === rotator ? settings : {};
  };
  const save = async () => {
    setBusy(true);
    setError("");
    try {
      await api.put(`/credentials/${credential.id}/rotation`, {
        rotator: rotator || null,
        settings: rotator ? given() : {},
        schedule: schedule.trim() || null,
        grace_seconds: Math.round(Number(hours) * 3600),
      });
      await refresh();
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  const choice = (value: string, onChange: (value: string) => void, ids: object, type?: string) => (
    <Select {...ids} required value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">Choose one of this vault</option>
      {others.items
        ?.filter((other) => other.id !== credential.id && (!type || other.type === type))
        .map((other) => (
          <option key={other.id} value={other.id}>
            {other.name}
          </option>
        ))}
    </Select>
  );
  return (
    <Dialog open onOpenChange={onClose} title={`How ${credential.name} is rotated`}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {error && <Notice tone="danger">{error}</Notice>}
        <Field label="What makes the new value">
          {(ids) => (
            <Select {...ids} value={rotator} onChange={(event) => setRotator(event.target.value)}>
              <option value="">Nothing: its managers are reminded</option>
              {plan.rotators.map((each) => (
                <option key={each.name} value={each.name}>
                  {rotatorNames[each.name] ?? each.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {rotator === "webhook" && (
          <>
            <Field label="Address" hint="It is called signed, and answers the new value.">
              {(ids) => <Input {...ids} type="url" required value={url} onChange={(event) => setUrl(event.target.value)} placeholder="https://" />}
            </Field>
            <Field label="Signed with">{(ids) => choice(signing, setSigning, ids)}</Field>
          </>
        )}
        {rotator === "postgres" && (
          <>
            <Checkbox
              label="Two roles take turns"
              hint="So that the password before serves on through its grace. One role changes its own password, and the old one ends at once."
              checked={two}
              onChange={(event) => setTwo(event.target.checked)}
            />
            {two && (
              <>
                <div className="grid gap-4 sm:grid-cols-2">
                  {[0, 1].map((index) => (
                    <Field key={index} label={`Role ${index + 1}`}>
                      {(ids) => <Input {...ids} required maxLength={63} value={names[index]} onChange={(event) => setNames(names.map((name, at) => (at === index ? event.target.value : name)))} />}
                    </Field>
                  ))}
                </div>
                <Field label="A role that may alter both">{(ids) => choice(admin, setAdmin, ids, "database")}</Field>
              </>
            )}
            <Checkbox label="Without TLS" hint="On this machine or a network of your own alone." checked={plain} onChange={(event) => setPlain(event.target.checked)} />
          </>
        )}
        <Field label="How often (optional)" hint="12h, 30d or 2w; days and weeks with an hour of UTC: 30d at 03:00.">
          {(ids) => <Input {...ids} value={schedule} maxLength={50} onChange={(event) => setSchedule(event.target.value)} placeholder="30d" />}
        </Field>
        <Field label="Hours of grace" hint="How long the value before is served after a rotation.">
          {(ids) => <Input {...ids} type="number" required min={0} max={8760} step="any" value={hours} onChange={(event) => setHours(event.target.value)} />}
        </Field>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
