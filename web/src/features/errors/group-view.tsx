import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Details } from "@/components/ui/details";
import { Card, LoadFault, Section, ShowMore, Table, TableSkeleton, useTitle } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { ErrorGroupDetail, ErrorLog, ErrorTriage } from "@/lib/api/types";
import { formatAgo, formatCount, formatDateTime } from "@/lib/format";
import { useShortcut } from "@/lib/shortcuts";
import { GroupAction } from "./group-action";
import { type Scope, triage, useChange, useErrorsOf, useGroup, useSimilar, useTrace } from "./queries";
import { Sparkline } from "./sparkline";
import { Stack } from "./stack";
import { TriageDialog } from "./triage-dialogs";
import { contextOf, type Crumb, plural, severityTones, statusTones, titleOf } from "./words";

interface Props {
  scope: Scope;
  id: string;
  back: string;
  hrefOf: (group: string) => string;
}

/** One group of errors: what happened, where, to how many, and what is to become of it. */
export function GroupView({ scope, id, back, hrefOf }: Props) {
  const { data: group, error, refetch } = useGroup(scope, id);
  const [, navigate] = useLocation();
  const [dialog, setDialog] = useState<"ignore" | "assign" | "resolve" | null>(null);
  const [shown, setShown] = useState<ErrorLog | null>(null);
  const act = useChange(scope, (asked: Omit<ErrorTriage, "groups">) => triage(scope, { ...asked, groups: [id] }));
  useTitle(group ? group.pattern_name : "Errors");
  useShortcut("r", "Error: resolve", () => setDialog("resolve"), dialog === null);
  useShortcut("i", "Error: ignore", () => setDialog("ignore"), dialog === null);
  useShortcut("a", "Error: assign", () => setDialog("assign"), dialog === null);
  useShortcut("escape", "Error: back to all", () => navigate(back), dialog === null);
  const over = group?.status === "resolved" || group?.status === "ignored";
  const log = shown ?? group?.latest ?? null;
  return (
    <div className="grid min-w-0 gap-6">
      <Link href={back} className="inline-flex items-center gap-1.5 justify-self-start rounded-md text-sm text-ink-2 hover:text-ink">
        <ArrowLeft className="size-4" />
        All errors
      </Link>
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !group ? (
        <TableSkeleton rows={8} />
      ) : (
        <>
          <Head group={group} />
          <div className="flex flex-wrap gap-2">
            {over ? (
              <Button variant="primary" busy={act.isPending} onClick={() => act.mutate({ action: "reopen" })}>
                Reopen
              </Button>
            ) : (
              <>
                <Button variant="primary" onClick={() => setDialog("resolve")}>
                  Resolve
                </Button>
                <Button onClick={() => setDialog("ignore")}>Ignore</Button>
              </>
            )}
            <Button onClick={() => setDialog("assign")}>{group.assignee ? `Assigned to ${group.assignee}` : "Assign"}</Button>
          </div>
          <Figures group={group} />
          {log && <Occurrence log={log} latest={shown === null} />}
          {log && <SameTrace scope={scope} log={log} hrefOf={hrefOf} />}
          <Tags group={group} />
          <Occurrences scope={scope} id={id} onShow={setShown} />
          <Likes scope={scope} id={id} hrefOf={hrefOf} />
          {group.members > 1 && <Parts scope={scope} group={group} />}
          <GroupAction scope={scope} group={group} />
        </>
      )}
      {dialog && <TriageDialog scope={scope} groups={[id]} kind={dialog} onClose={() => setDialog(null)} />}
    </div>
  );
}

function Head({ group }: { group: ErrorGroupDetail }) {
  const { type, words } = titleOf(group);
  return (
    <header className="grid gap-1.5">
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="text-lg font-semibold [overflow-wrap:anywhere]">{type}</h2>
        <Badge tone={severityTones[group.severity]}>{group.severity}</Badge>
        <Badge tone={statusTones[group.status]}>{group.status === "resolved" && group.in_next_release ? "resolved in the next release" : group.status}</Badge>
        {group.error_code_pattern && group.error_code_pattern !== "UNKNOWN" && <Badge>{group.error_code_pattern}</Badge>}
      </div>
      <p className="text-ink-2 [overflow-wrap:anywhere]">{words}</p>
      {group.culprit && <p className="font-mono text-[13px] text-ink-3 [overflow-wrap:anywhere]">{group.culprit}</p>}
      {group.resolution_notes && <p className="text-sm text-ink-2">Notes: {group.resolution_notes}</p>}
    </header>
  );
}

function Figures({ group }: { group: ErrorGroupDetail }) {
  const figures: [string, string][] = [
    ["Errors", formatCount(group.occurrence_count)],
    ["Users", group.users >= 10_000 ? "10,000 and more" : formatCount(group.users)],
    ["First seen", formatAgo(group.first_seen)],
    ["Last seen", formatAgo(group.last_seen)],
    ...(group.first_release ? ([["First release", group.first_release]] as [string, string][]) : []),
    ...(group.last_release ? ([["Last release", group.last_release]] as [string, string][]) : []),
  ];
  return (
    <Card className="grid gap-4 p-4">
      <dl className="grid grid-cols-2 gap-4 sm:grid-cols-3">
        {figures.map(([name, value]) => (
          <div key={name} className="min-w-0">
            <dt className="text-[13px] text-ink-3">{name}</dt>
            <dd className="font-medium tabular-nums [overflow-wrap:anywhere]">{value}</dd>
          </div>
        ))}
      </dl>
      <div>
        <Sparkline curve={group.days} unit="day" width={600} height={48} className="h-12 w-full" />
        <p className="mt-1 text-xs text-ink-3">The last 30 days</p>
      </div>
    </Card>
  );
}

function Occurrence({ log, latest }: { log: ErrorLog; latest: boolean }) {
  const context = contextOf(log);
  return (
    <>
      <Section title={latest ? "The latest error" : "An error"} description={formatDateTime(log.created_at)}>
        <p className="text-sm [overflow-wrap:anywhere]">{log.error_message}</p>
        {context.chain && context.chain.length > 0 ? (
          <Stack chain={context.chain} />
        ) : log.stack_trace ? (
          <pre tabIndex={0} role="region" aria-label="Stack" className="scroll overflow-x-auto rounded-xl border bg-code p-4 font-mono text-[12.5px] leading-relaxed">
            {log.stack_trace}
          </pre>
        ) : null}
        <Details
          mono
          rows={[
            ["Code", log.error_code],
            ["Service", log.source_service],
            ["Function", log.source_function],
            ["Release", log.release],
            ["Environment", log.environment],
            ["Request", log.request_id],
            ["Trace", log.trace_id],
            ["SDK", context.sdk],
            ...Object.entries(context.request ?? {}),
          ]}
        />
      </Section>
      {context.crumbs && context.crumbs.length > 0 && (
        <Section title="What happened before">
          <Crumbs crumbs={context.crumbs} />
        </Section>
      )}
      {Object.entries(context.contexts ?? {}).map(([name, entries]) => (
        <Section key={name} title={name}>
          <Details mono rows={Object.entries(entries)} />
        </Section>
      ))}
    </>
  );
}

function SameTrace({ scope, log, hrefOf }: { scope: Scope; log: ErrorLog; hrefOf: (group: string) => string }) {
  const { data } = useTrace(scope, log.trace_id);
  const others = data?.filter((other) => other.id !== log.id) ?? [];
  if (others.length === 0) return null;
  return (
    <Section title="In the same trace" description={log.trace_id}>
      <ul className="rounded-xl border bg-raised [&>li+li]:border-t">
        {others.map((other) => (
          <li key={other.id} className="flex gap-3 px-4 py-2.5 text-sm">
            {other.group_id ? (
              <Link href={hrefOf(other.group_id)} className="min-w-0 flex-1 truncate underline-offset-2 hover:underline">
                {other.error_type}: {other.error_message}
              </Link>
            ) : (
              <span className="min-w-0 flex-1 truncate">{other.error_message}</span>
            )}
            <span className="shrink-0 text-ink-3">{formatDateTime(other.created_at)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const Crumbs = ({ crumbs }: { crumbs: Crumb[] }) => (
  <ol className="min-w-0 overflow-hidden rounded-xl border bg-raised text-[13px] [&>li+li]:border-t">
    {crumbs.toReversed().map((crumb, at) => (
      <li key={at} className="flex flex-wrap gap-x-3 gap-y-0.5 px-4 py-2">
        <span className="w-20 shrink-0 text-ink-3 tabular-nums">{crumb.at ? new Date(crumb.at * 1000).toLocaleTimeString("en-US") : ""}</span>
        <span className="w-24 shrink-0 font-medium [overflow-wrap:anywhere]">{crumb.category}</span>
        <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
          {crumb.message}{" "}
          <span className="font-mono text-xs text-ink-3">
            {Object.entries(crumb.data ?? {})
              .map(([name, value]) => `${name}=${value}`)
              .join(" ")}
          </span>
        </span>
      </li>
    ))}
  </ol>
);

function Tags({ group }: { group: ErrorGroupDetail }) {
  const tags = Object.entries(group.tags);
  if (tags.length === 0) return null;
  return (
    <Section title="Tags" description="Of the latest 200 errors.">
      <dl className="grid gap-2 text-sm">
        {tags.map(([name, values]) => (
          <div key={name} className="grid gap-1 sm:grid-cols-[10rem_1fr]">
            <dt className="text-ink-3 [overflow-wrap:anywhere]">{name}</dt>
            <dd className="flex min-w-0 flex-wrap gap-1.5">
              {values.map(({ value, errors }) => (
                <Badge key={value} className="max-w-full">
                  <span className="truncate">{value}</span> <span className="text-ink-3">{errors}</span>
                </Badge>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Section>
  );
}

function Occurrences({ scope, id, onShow }: { scope: Scope; id: string; onShow: (log: ErrorLog) => void }) {
  const { data, hasNextPage, fetchNextPage, isFetchingNextPage } = useErrorsOf(scope, id);
  const logs = data?.pages.flatMap((page) => page.items) ?? [];
  if (logs.length < 2) return null;
  return (
    <Section title="All errors">
      <Table label="Errors of the group" head={["When", "Message", "Release"]}>
        {logs.map((log) => (
          <tr key={log.id}>
            <td className="whitespace-nowrap">
              <button type="button" className="text-left underline-offset-2 hover:underline" onClick={() => onShow(log)}>
                {formatDateTime(log.created_at)}
                <span className="sr-only">: show above</span>
              </button>
              {log.is_regression && <Badge tone="warn">regression</Badge>}
            </td>
            <td className="max-w-72 truncate">{log.error_message}</td>
            <td>{log.release || "–"}</td>
          </tr>
        ))}
      </Table>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </Section>
  );
}

function Likes({ scope, id, hrefOf }: { scope: Scope; id: string; hrefOf: (group: string) => string }) {
  const { data } = useSimilar(scope, id);
  const merge = useChange(scope, (other: string) => api.post("/errors/groups/merge", { into: id, groups: [other] }, { query: { scope } }));
  if (!data || data.length === 0) return null;
  return (
    <Section title="Similar groups">
      <ul className="rounded-xl border bg-raised [&>li+li]:border-t">
        {data.map((other) => (
          <li key={other.id} className="flex items-center gap-3 px-4 py-2.5 text-sm">
            <Link href={hrefOf(other.id)} className="min-w-0 flex-1 truncate underline-offset-2 hover:underline">
              {other.pattern_name}
            </Link>
            <span className="text-ink-3 tabular-nums">{Math.round(other.likeness * 100)} %</span>
            <Button size="sm" busy={merge.isPending} onClick={() => merge.mutate(other.id)}>
              Merge
              <span className="sr-only">: {other.pattern_name}</span>
            </Button>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Parts({ scope, group }: { scope: Scope; group: ErrorGroupDetail }) {
  const split = useChange(scope, (part: string) => api.post(`/errors/groups/${group.id}/split`, { fingerprints: [part] }, { query: { scope } }));
  return (
    <Section title="Put together of" description={plural(group.members, "fingerprint")}>
      <ul className="rounded-xl border bg-raised [&>li+li]:border-t">
        {group.fingerprints.map((part) => (
          <li key={part.id} className="flex items-center gap-3 px-4 py-2.5 text-sm">
            <span className="min-w-0 flex-1 truncate">{part.pattern_name}</span>
            <span className="text-ink-3 tabular-nums">{formatCount(part.occurrence_count)}</span>
            {part.id !== group.id && (
              <Button size="sm" busy={split.isPending} onClick={() => split.mutate(part.id)}>
                Split off
                <span className="sr-only">: {part.pattern_name}</span>
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}
