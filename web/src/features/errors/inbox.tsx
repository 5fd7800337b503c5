import { Bug, Merge } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { LoadFault, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Kbd } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { ErrorGroup, ErrorTriage } from "@/lib/api/types";
import { formatAgo, formatCompact, formatDateTime } from "@/lib/format";
import { useShortcut } from "@/lib/shortcuts";
import { toast } from "@/lib/toast";
import { errorsKey, type Filter, type Scope, triage, useChange, useGroups, useProjects } from "./queries";
import { Sparkline } from "./sparkline";
import { TriageDialog } from "./triage-dialogs";
import { plural, severityTones, statusTones, titleOf } from "./words";

interface Props {
  scope: Scope;
  hrefOf: (group: string) => string;
  onProjects: () => void;
}

const shows: Record<Filter["show"], string> = { unresolved: "Unresolved", ignored: "Ignored", resolved: "Resolved", all: "All" };

/** Groups of errors to be gone through, by hand or by keyboard. */
export function Inbox({ scope, hrefOf, onProjects }: Props) {
  const [filter, setFilter] = useState<Filter>({ show: "unresolved", search: "", project: "", newest: false });
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useGroups(scope, filter);
  const projects = useProjects(scope);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [dialog, setDialog] = useState<{ kind: "ignore" | "assign" | "resolve"; groups: string[] } | null>(null);
  const list = useRef<HTMLUListElement>(null);
  const groups = data?.pages.flatMap((page) => page.items);
  const act = useChange(scope, (asked: ErrorTriage) => triage(scope, asked));
  const merge = useChange(scope, (ids: string[]) => api.post("/errors/groups/merge", { into: ids[0], groups: ids.slice(1) }, { query: { scope } }));
  const there = (groups ?? []).filter((group) => picked.has(group.id)).map((group) => group.id);

  // What is no longer shown is no longer meant.
  useEffect(() => setPicked(new Set()), [filter, scope]);

  const links = () => [...(list.current?.querySelectorAll<HTMLAnchorElement>("a[data-group]") ?? [])];
  const at = () => links().findIndex((link) => link.closest("li")?.contains(document.activeElement));
  const go = (by: number) => {
    const all = links();
    const here = at();
    const next = all[here < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + by))];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };
  const meant = (): string[] => {
    const here = links()[at()]?.dataset.group;
    return there.length > 0 ? there : here ? [here] : [];
  };
  const pick = (id: string | undefined) => {
    if (!id) return;
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    setPicked(next);
  };
  const open = (kind: "ignore" | "assign" | "resolve", ids = meant()) => ids.length > 0 && setDialog({ kind, groups: ids });
  const resolve = (ids: string[]) => {
    if (ids.length === 0) return;
    go(1);
    act.mutate(
      { groups: ids, action: "resolve" },
      {
        onSuccess: () => toast(`${plural(ids.length, "group")} resolved.`, { action: { label: "Undo", run: () => act.mutate({ groups: ids, action: "reopen" }) } }),
      },
    );
    setPicked(new Set());
  };

  const free = dialog === null;
  useShortcut("j", "Errors: next group (Enter opens it)", () => go(1), free);
  useShortcut("k", "Errors: group before", () => go(-1), free);
  useShortcut("x", "Errors: select the group", () => pick(links()[at()]?.dataset.group), free);
  useShortcut("r", "Errors: resolve", () => resolve(meant()), free);
  useShortcut("i", "Errors: ignore", () => open("ignore"), free);
  useShortcut("a", "Errors: assign", () => open("assign"), free);

  const filtered = filter.search !== "" || filter.project !== "" || filter.show !== "unresolved";
  return (
    <section className="grid min-w-0 gap-3" aria-label="Groups of errors">
      <div className="flex flex-wrap gap-3">
        <Select aria-label="Show" className="w-36" value={filter.show} onChange={(event) => setFilter({ ...filter, show: event.target.value as Filter["show"] })}>
          {Object.entries(shows).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </Select>
        <Input aria-label="Search errors" placeholder="Search text, place or code" className="w-60" maxLength={200} value={filter.search} onChange={(event) => setFilter({ ...filter, search: event.target.value })} />
        {(projects.data?.length ?? 0) > 0 && (
          <Select aria-label="Project" className="w-40" value={filter.project} onChange={(event) => setFilter({ ...filter, project: event.target.value })}>
            <option value="">All projects</option>
            {projects.data?.map((project) => (
              <option key={project.id} value={project.id}>
                {project.name}
              </option>
            ))}
          </Select>
        )}
        <Select aria-label="Order" className="w-40" value={filter.newest ? "newest" : "severity"} onChange={(event) => setFilter({ ...filter, newest: event.target.value === "newest" })}>
          <option value="severity">Most severe first</option>
          <option value="newest">Newest first</option>
        </Select>
      </div>
      {there.length > 0 && (
        <div role="toolbar" aria-label="Selected groups" className="flex flex-wrap items-center gap-2 rounded-xl border bg-subtle px-3 py-2 text-sm">
          <span className="mr-auto font-medium" aria-live="polite">
            {plural(there.length, "group")} selected
          </span>
          <Button size="sm" onClick={() => open("resolve", there)}>
            Resolve
          </Button>
          <Button size="sm" onClick={() => open("ignore", there)}>
            Ignore
          </Button>
          <Button size="sm" onClick={() => open("assign", there)}>
            Assign
          </Button>
          {there.length > 1 && (
            <Button size="sm" busy={merge.isPending} onClick={() => merge.mutate(there, { onSuccess: () => setPicked(new Set()) })}>
              <Merge className="size-3.5" />
              Merge
            </Button>
          )}
        </div>
      )}
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !groups ? (
        <TableSkeleton rows={6} />
      ) : groups.length === 0 ? (
        filtered ? (
          <Empty icon={Bug} title="None fits the filter" />
        ) : (
          <Empty icon={Bug} title="No unresolved errors" action={projects.data?.length === 0 && <Button onClick={onProjects}>Connect a program</Button>}>
            {scope === "platform" ? "What RADIANT itself fails at stands here." : "What your programs send stands here within a second, grouped."}
          </Empty>
        )
      ) : (
        <>
          <ul ref={list} className="min-w-0 overflow-hidden rounded-xl border bg-raised [&>li+li]:border-t">
            {groups.map((group) => (
              <Row key={group.id} group={group} href={hrefOf(group.id)} picked={picked.has(group.id)} onPick={() => pick(group.id)} />
            ))}
          </ul>
          <p className="hidden flex-wrap items-center gap-x-3 gap-y-1 text-xs text-ink-3 md:flex">
            {["j", "k", "enter", "x", "r", "i", "a"].map((key, n) => (
              <span key={key} className="inline-flex items-center gap-1.5">
                <Kbd keys={key} /> {["next", "before", "open", "select", "resolve", "ignore", "assign"][n]}
              </span>
            ))}
          </p>
        </>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      {dialog && (
        <TriageDialog
          key={errorsKey(scope).join()}
          scope={scope}
          {...dialog}
          onClose={() => {
            setDialog(null);
            setPicked(new Set());
          }}
        />
      )}
    </section>
  );
}

function Row({ group, href, picked, onPick }: { group: ErrorGroup; href: string; picked: boolean; onPick: () => void }) {
  const { type, words } = titleOf(group);
  return (
    <li className="flex items-start gap-3 px-4 py-3 focus-within:bg-hover hover:bg-hover">
      <input type="checkbox" aria-label={`Select ${type}`} className="mt-1 size-4 shrink-0 accent-accent" checked={picked} onChange={onPick} />
      <Link href={href} data-group={group.id} className="min-w-0 flex-1 rounded-md">
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium [overflow-wrap:anywhere]">{type}</span>
          <Badge tone={severityTones[group.severity]}>{group.severity}</Badge>
          {group.status !== "open" && <Badge tone={statusTones[group.status]}>{group.status}</Badge>}
        </span>
        <span className="line-clamp-2 text-sm text-ink-2 [overflow-wrap:anywhere]">{words}</span>
        <span className="flex flex-wrap gap-x-3 text-xs text-ink-3">
          {group.culprit && <span className="[overflow-wrap:anywhere]">{group.culprit}</span>}
          <span title={formatDateTime(group.last_seen)}>{formatAgo(group.last_seen)}</span>
          <span title={formatDateTime(group.first_seen)}>first {formatAgo(group.first_seen)}</span>
          {group.assignee && <span>{group.assignee}</span>}
        </span>
      </Link>
      <Sparkline curve={group.curve} unit="hour" className="mt-1 hidden shrink-0 sm:block" />
      <span className="w-14 shrink-0 text-right text-sm tabular-nums">
        <span className="block font-medium">
          {formatCompact(group.occurrence_count)}
          <span className="sr-only"> errors</span>
        </span>
        <span className="block text-xs text-ink-3">{group.users > 0 ? plural(group.users, "user") : ""}</span>
      </span>
    </li>
  );
}
