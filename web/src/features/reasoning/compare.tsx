/** Two sessions side by side: what they say, how sure that is, what it cost, and how they came to it. */
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { Markdown } from "@/components/markdown";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/field";
import { Card, LoadFault, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { formatAgo, formatCount, formatDuration, formatMoney } from "@/lib/format";
import { drawn } from "./drawing";
import { layers } from "./graph";
import { useSessions, useThinking } from "./queries";
import { StateMark } from "./state-mark";
import type { Session } from "./types";
import { nothing } from "./under-way";
import { howSure, outcome, percent, strategyName } from "./words";

export default function Compare({ session, other }: { session: Session; other: string }) {
  return other ? <Both session={session} other={other} /> : <Pick session={session} />;
}

function Pick({ session }: { session: Session }) {
  const [, navigate] = useLocation();
  const [search, setSearch] = useState("");
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useSessions("", search.trim());
  const found = data?.pages.flatMap((page) => page.items).filter((one) => one.id !== session.id);
  return (
    <section className="grid gap-3" aria-label="Compare with">
      <h2 className="text-[15px] font-semibold">Compare with</h2>
      <Input aria-label="Search problems" type="search" className="w-60" placeholder="Search problems" value={search} onChange={(event) => setSearch(event.target.value)} />
      {error && !data ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !found ? (
        <TableSkeleton />
      ) : found.length === 0 ? (
        <p className="text-sm text-ink-2">There is no other session{search ? " of these words" : " yet. Run this one again, with another strategy or model, and compare the two"}.</p>
      ) : (
        <Card>
          <ul className="divide-y">
            {found.map((one) => {
              const { text, tone } = outcome(one);
              return (
                <li key={one.id}>
                  <button type="button" onClick={() => navigate(`/think/${session.id}?with=${one.id}`)} className="grid w-full gap-1 px-5 py-3 text-left hover:bg-hover">
                    <span className="line-clamp-2 text-sm font-medium [overflow-wrap:anywhere]">{one.problem_summary}</span>
                    <span className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-ink-2">
                      <Badge tone={tone}>{text}</Badge>
                      {strategyName(one.strategy)} · {formatMoney(one.total_cost)} · {formatAgo(one.created_at)}
                    </span>
                  </button>
                </li>
              );
            })}
          </ul>
        </Card>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </section>
  );
}

const tookOf = (session: Session): string => (session.completed_at ? formatDuration(new Date(session.completed_at).getTime() - new Date(session.created_at).getTime()) : "not over");

const rows: readonly [string, (session: Session) => React.ReactNode][] = [
  [
    "Came to",
    (one) => {
      const { text, tone } = outcome(one);
      return <Badge tone={tone}>{text}</Badge>;
    },
  ],
  ["How sure", (one) => howSure(one)],
  ["Confidence", (one) => (one.confidence === null ? "–" : percent(one.confidence))],
  ["Strategy", (one) => strategyName(one.strategy)],
  ["Model", (one) => one.options.model ?? "chosen for each step"],
  ["Cost", (one) => formatMoney(one.total_cost)],
  ["Tokens", (one) => formatCount(one.total_tokens)],
  ["Steps", (one) => formatCount(one.total_steps)],
  ["Time", tookOf],
];

function Both({ session, other }: { session: Session; other: string }) {
  const { data: right, error, refetch } = useThinking(other);
  if (error && !right) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!right) return <TableSkeleton />;
  const sides = [session, right];
  const same = session.answer !== null && right.answer !== null && session.answer.trim() === right.answer.trim();
  return (
    <section className="grid gap-4" aria-label="Comparison">
      <div className="flex flex-wrap items-center gap-3">
        <h2 className="text-[15px] font-semibold">Side by side</h2>
        {session.answer !== null && right.answer !== null && <Badge tone={same ? "good" : "warn"}>{same ? "The same answer" : "Different answers"}</Badge>}
        <Button asChild size="sm" variant="ghost" className="ml-auto">
          <Link href={`/think/${session.id}?with=`}>Compare with another</Link>
        </Button>
      </div>
      <div role="region" aria-label="Figures of both" tabIndex={0} className="scroll min-w-0 overflow-x-auto rounded-xl border bg-raised">
        <table className="w-full table-fixed border-collapse text-sm [&_td]:px-4 [&_td]:py-2.5 [&_td]:align-top [&_th]:px-4 [&_th]:py-2.5 [&_th]:text-left [&_th]:align-top [&_tr+tr]:border-t">
          <thead>
            <tr className="border-b">
              <th scope="col" className="w-28 text-[13px] font-medium text-ink-3">
                <span className="sr-only">What</span>
              </th>
              {sides.map((one, at) => (
                <th key={at} scope="col" className="font-medium [overflow-wrap:anywhere]">
                  {at === 0 ? <span className="line-clamp-2">{one.problem_summary}</span> : <Link href={`/think/${one.id}`} className="line-clamp-2 text-accent underline underline-offset-3">{one.problem_summary}</Link>}
                  <span className="text-[13px] font-normal text-ink-3">{formatAgo(one.created_at)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, cell]) => (
              <tr key={name}>
                <th scope="row" className="text-[13px] font-medium text-ink-3">
                  {name}
                </th>
                {sides.map((one, at) => (
                  <td key={at} className="tabular-nums [overflow-wrap:anywhere]">
                    {cell(one)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <div className="grid items-start gap-4 md:grid-cols-2">
        {sides.map((one, at) => (
          <Card key={at} className="grid gap-4 p-4">
            <div className="min-w-0 [overflow-wrap:anywhere]">
              <h3 className="mb-1 text-[13px] font-medium">{at === 0 ? "Left" : "Right"}: the solution</h3>
              {one.solution ?? one.answer ? <Markdown text={(one.solution ?? one.answer) as string} /> : <p className="text-sm text-ink-3">There is none.</p>}
            </div>
            <Small session={one} />
          </Card>
        ))}
      </div>
    </section>
  );
}

/** The graph in small, column by column. */
function Small({ session }: { session: Session }) {
  const nodes = new Map(drawn(session, nothing).map((node) => [node.id, node]));
  return (
    <div className="grid gap-2 border-t pt-4">
      <h3 className="text-[13px] font-medium">Steps, those that can be solved together side by side</h3>
      <ol className="grid gap-2">
        {layers(session.nodes).map((column, at) => (
          <li key={at} className="flex flex-wrap gap-2">
            {column.map((id) => {
              const node = nodes.get(id);
              return (
                node && (
                  <span key={id} title={node.text} className="inline-flex max-w-full items-center gap-2 rounded-lg border px-2 py-1 text-[13px]">
                    <span className="font-medium">{id}</span>
                    <StateMark state={node.state} />
                  </span>
                )
              );
            })}
          </li>
        ))}
      </ol>
    </div>
  );
}
