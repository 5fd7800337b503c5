import { useQueryClient } from "@tanstack/react-query";
import { Lightbulb, Trash2 } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Skeleton } from "@/components/ui/parts";
import { formatAgo, formatMoney } from "@/lib/format";
import { useLeaving } from "@/lib/forgetting";
import { mayWrite, useSession } from "@/lib/session";
import { Composer } from "./composer";
import { pathOf, removeSession, useSessions, useThinking } from "./queries";
import type { NewSession, SessionSummary, Status } from "./types";
import { defaults, examples, hasEnded, outcome, percent, statuses, strategyName } from "./words";

/** The composer, and what was solved before. `?again=ID` begins with another session's problem and options. */
export function SessionList() {
  const [, navigate] = useLocation();
  const again = new URLSearchParams(useSearch()).get("again");
  const { data: before, isError } = useThinking(again ?? "", again !== null);
  const [example, setExample] = useState<NewSession>();
  const [status, setStatus] = useState("");
  const [search, setSearch] = useState("");
  const [settled, setSettled] = useState("");
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useSessions(status, settled);
  const leaving = useLeaving();
  const sessions = data?.pages.flatMap((page) => page.items).filter((one) => !leaving.has(pathOf(one.id)));
  const writes = mayWrite(useSession());
  const begin = again ? (before ? { ...before.options, problem: before.problem } : undefined) : example;
  const filtered = settled !== "" || status !== "";

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 200);
    return () => clearTimeout(timer);
  }, [search]);

  return (
    <SettingsPage title="Think Tank" description="For problems that take several steps: they are planned, solved part by part with tools, and each part is verified where it can be. You see what is proven and what is not.">
      {writes &&
        (again && !begin && !isError ? (
          <Skeleton className="h-36 rounded-2xl" />
        ) : (
          // Begun anew with each thing that it begins with.
          <Composer key={again ?? example?.problem ?? ""} begin={begin} onMade={(made) => navigate(`/think/${made.id}`)} />
        ))}
      <Section title="Earlier problems">
        <div className="flex flex-wrap gap-3">
          <Input aria-label="Search problems" type="search" className="w-60" placeholder="Search problems" value={search} onChange={(event) => setSearch(event.target.value)} />
          <Select aria-label="Of the state" className="w-44" value={status} onChange={(event) => setStatus(event.target.value)}>
            <option value="">every state</option>
            {(Object.keys(statuses) as Status[]).map((id) => (
              <option key={id} value={id}>
                {statuses[id].text}
              </option>
            ))}
          </Select>
        </div>
        {error && !data ? (
          <LoadFault error={error} retry={() => void refetch()} />
        ) : !sessions ? (
          <TableSkeleton />
        ) : sessions.length === 0 ? (
          <Empty icon={Lightbulb} title={filtered ? "None fits" : "Nothing was thought about yet"}>
            {filtered ? "No problem holds these words, or is in this state." : writes ? "Write a problem above, or begin with one of these." : "Who may write in this workspace can begin here."}
          </Empty>
        ) : (
          <Card>
            <ul aria-label="Problems" className="divide-y">
              {sessions.map((one) => (
                <Row key={one.id} session={one} />
              ))}
            </ul>
          </Card>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
        {writes && !filtered && sessions?.length === 0 && (
          <ul aria-label="Examples" className="grid gap-3 sm:grid-cols-3">
            {examples.map((one) => (
              <li key={one.title} className="grid">
                <button
                  type="button"
                  onClick={() => {
                    setExample({ ...defaults, ...one.options, problem: one.problem });
                    requestAnimationFrame(() => document.getElementById("problem")?.focus());
                  }}
                  className="grid content-start gap-1 rounded-xl border bg-raised p-4 text-left hover:bg-hover"
                >
                  <span className="text-sm font-medium">{one.title}</span>
                  <span className="line-clamp-4 text-[13px] text-ink-2">{one.problem}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </Section>
    </SettingsPage>
  );
}

function Row({ session }: { session: SessionSummary }) {
  const queries = useQueryClient();
  const { text, tone } = outcome(session);
  const facts = [
    strategyName(session.strategy),
    session.total_steps === 1 ? "1 step" : `${session.total_steps} steps`,
    session.avg_confidence === null ? null : `confidence ${percent(session.avg_confidence)}`,
    formatMoney(session.total_cost),
    formatAgo(session.created_at),
  ];
  return (
    <li className="relative flex items-center hover:bg-hover">
      <Link href={`/think/${session.id}`} className="grid min-w-0 flex-1 gap-1 py-3 pr-14 pl-5">
        <span className="line-clamp-2 text-sm font-medium [overflow-wrap:anywhere]">{session.problem_summary}</span>
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-ink-2">
          <Badge tone={tone}>{text}</Badge>
          {facts.filter(Boolean).join(" · ")}
        </span>
      </Link>
      {hasEnded(session.status) && (
        <Button variant="ghost" size="icon" className="absolute right-3" aria-label={`Delete ${session.problem_summary.slice(0, 60)}`} title="Delete" onClick={() => removeSession(queries, session.id)}>
          <Trash2 className="size-4" />
        </Button>
      )}
    </li>
  );
}
