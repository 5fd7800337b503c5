import { useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, GitCompareArrows, List, Network, RotateCw, ScrollText, Trash2 } from "lucide-react";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Card, LoadFault, TableSkeleton, useTitle } from "@/components/ui/page";
import { Badge, Notice, Skeleton } from "@/components/ui/parts";
import { formatAgo } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { mayWrite, useSession } from "@/lib/session";
import { useWide } from "@/lib/surroundings";
import { Asks } from "./asks";
import { Bar } from "./bar";
import { drawn, PLAN, SOLUTION } from "./drawing";
import { useLive } from "./live";
import { NodeList } from "./node-list";
import { NodePanel } from "./node-panel";
import { PlanEditor } from "./plan-editor";
import { type Acts, removeSession, useActs, useThinking } from "./queries";
import { Result } from "./result";
import { StepView } from "./step-view";
import type { Session } from "./types";
import type { UnderWay } from "./under-way";
import { changed, domains, hasEnded, outcome, strategyName } from "./words";

const GraphView = lazy(() => import("./graph-view"));
const Compare = lazy(() => import("./compare"));

/** One session: as it runs, and when it has ended. `?with=ID` puts another beside it. */
export function SessionPage({ id }: { id: string }) {
  const { data: session, error, refetch } = useThinking(id);
  const beside = new URLSearchParams(useSearch()).get("with");
  useTitle(session ? `${session.problem_summary.slice(0, 60)} · Think Tank` : "Think Tank");
  return (
    <div className="mx-auto w-full max-w-6xl px-4 pt-2 pb-16 sm:px-8 sm:pt-6">
      {error && !session ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !session ? (
        <>
          <h1 className="sr-only">Think Tank</h1>
          <TableSkeleton />
        </>
      ) : (
        <OneSession session={session} beside={beside} />
      )}
    </div>
  );
}

function OneSession({ session, beside }: { session: Session; beside: string | null }) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const writes = mayWrite(useSession());
  const acts = useActs(session.id);
  const live = useLive(session);
  const { data: models } = useModels();
  const underWay = useMemo(() => live.underWay.map((one) => (one.kind === "call" ? { ...one, name: modelName(models, one.name) } : one)), [live.underWay, models]);
  const [editing, setEditing] = useState(false);
  const may: Acts | null = writes ? acts : null;
  const { text, tone } = outcome(session);
  const ended = hasEnded(session.status);
  return (
    <div className="grid gap-6">
      <header className="grid gap-3">
        <div className="flex flex-wrap items-center gap-2">
          <Button asChild variant="ghost" size="sm" className="-ml-3">
            <Link href="/think">
              <ArrowLeft className="size-3.5" />
              All problems
            </Link>
          </Button>
          <span className="ml-auto flex flex-wrap gap-1">
            <Button asChild variant="ghost" size="sm">
              <Link href={beside === null ? `/think/${session.id}?with=` : `/think/${session.id}`}>
                <GitCompareArrows className="size-3.5" />
                {beside === null ? "Compare" : "No comparison"}
              </Link>
            </Button>
            {writes && (
              <Button asChild variant="ghost" size="sm">
                <Link href={`/think?again=${session.id}`}>
                  <RotateCw className="size-3.5" />
                  Run again
                </Link>
              </Button>
            )}
            {writes && ended && (
              <Button
                variant="ghost"
                size="sm"
                onClick={() => {
                  removeSession(queries, session.id);
                  navigate("/think");
                }}
              >
                <Trash2 className="size-3.5" />
                Delete
              </Button>
            )}
          </span>
        </div>
        <div className="flex items-start gap-3">
          <h1 className="line-clamp-3 min-w-0 text-[20px] leading-snug font-semibold tracking-tight [overflow-wrap:anywhere]">{session.problem_summary}</h1>
          <Badge tone={tone} className="mt-1">
            {text}
          </Badge>
        </div>
        <p className="text-[13px] text-ink-3">{about(session)}</p>
        {session.problem.trim() !== session.problem_summary.trim() && (
          <details className="text-sm">
            <summary className="w-fit cursor-pointer text-ink-2">The whole problem</summary>
            <div className="mt-2 rounded-xl bg-subtle px-4 py-3 whitespace-pre-wrap [overflow-wrap:anywhere]">{session.problem}</div>
          </details>
        )}
      </header>
      {beside !== null ? (
        <Suspense fallback={<TableSkeleton />}>
          <Compare session={session} other={beside} />
        </Suspense>
      ) : (
        <>
          {ended ? <Result session={session} acts={may} /> : <Bar session={session} underWay={underWay} acts={may} onEdit={() => setEditing(true)} />}
          {!live.connected && !ended && <Notice tone="warn">The connection broke. It goes on meanwhile, and is shown again when the connection is back.</Notice>}
          <Asks session={session} acts={may} onEdit={() => setEditing(true)} />
          <Thinking session={session} underWay={underWay} acts={may} />
        </>
      )}
      {editing && <PlanEditor session={session} acts={acts} onClose={() => setEditing(false)} />}
    </div>
  );
}

function about(session: Session): string {
  const { domain, strategy, complexity, options } = session;
  const rest = changed(options).filter((words) => words !== strategyName(options.strategy));
  const field = domains.find(([id]) => id === domain)?.[1];
  return [strategyName(strategy), complexity && `${complexity} complexity`, ...rest.filter((words) => words !== field), domain === "general" ? null : field, formatAgo(session.created_at)].filter(Boolean).join(" · ");
}

type View = "graph" | "list" | "steps";

const KEY = "radiant.think.view";

function readView(wide: boolean): View {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "graph" || kept === "list" || kept === "steps") return kept;
  } catch {
    // Storage may be blocked.
  }
  return wide ? "graph" : "list";
}

/** The graph, as a drawing, as a list or as the steps one after the other; and what is chosen of it beside. */
function Thinking({ session, underWay, acts }: { session: Session; underWay: readonly UnderWay[]; acts: Acts | null }) {
  const wide = useWide();
  const [view, setView] = useState<View>(() => readView(wide));
  const [chosen, setChosen] = useState<string | null>(null);
  const nodes = useMemo(() => drawn(session, underWay), [session, underWay]);
  const choose = useCallback((id: string) => setChosen((before) => (before === id ? null : id)), []);
  const shown = nodes.some((node) => node.id === chosen) ? chosen : null;

  useEffect(() => {
    try {
      localStorage.setItem(KEY, view);
    } catch {
      // Storage may be blocked: the choice then lasts until the page is closed.
    }
  }, [view]);

  const title = shown === PLAN ? "Plan" : shown === SOLUTION ? "Solution" : `Step ${shown}`;
  return (
    <section aria-label="How it is solved" className="grid gap-3">
      <div className="flex flex-wrap items-center gap-3">
        <h2 className="text-[15px] font-semibold">How it is solved</h2>
        <div role="radiogroup" aria-label="Shown as" className="ml-auto flex gap-1">
          {(
            [
              ["graph", "Graph", Network],
              ["list", "List", List],
              ["steps", "Steps", ScrollText],
            ] as const
          ).map(([name, words, Icon]) => (
            <Button key={name} size="sm" role="radio" aria-checked={view === name} variant={view === name ? "outline" : "ghost"} onClick={() => setView(name)}>
              <Icon className="size-3.5" />
              {words}
            </Button>
          ))}
        </div>
      </div>
      {view === "steps" ? (
        <Steps session={session} />
      ) : (
        <div className={shown && wide ? "grid grid-cols-[minmax(0,1fr)_minmax(20rem,26rem)] gap-4" : "grid"}>
          <Card className={view === "graph" ? "h-[28rem] overflow-hidden" : "overflow-hidden"}>
            {view === "graph" ? (
              <Suspense fallback={<Skeleton className="h-full rounded-none" />}>
                <GraphView nodes={nodes} chosen={shown} onChoose={choose} />
              </Suspense>
            ) : (
              <NodeList nodes={nodes} chosen={shown} onChoose={choose} />
            )}
          </Card>
          {shown &&
            (wide ? (
              <Aside label={title} onClose={() => setChosen(null)}>
                <NodePanel session={session} id={shown} acts={acts} />
              </Aside>
            ) : (
              <Dialog open onOpenChange={() => setChosen(null)} title={title}>
                <NodePanel session={session} id={shown} acts={acts} />
              </Dialog>
            ))}
        </div>
      )}
    </section>
  );
}

const Aside = ({ label, onClose, children }: { label: string; onClose: () => void; children: ReactNode }) => (
  <aside
    aria-label={label}
    tabIndex={0}
    onKeyDown={(event) => {
      if (event.key === "Escape") onClose();
    }}
    className="scroll max-h-[28rem] min-w-0 rounded-xl border bg-raised p-4"
  >
    {children}
    <Button size="sm" variant="ghost" className="mt-4" onClick={onClose}>
      Close
    </Button>
  </aside>
);

/** Every step in the order in which they ended. */
function Steps({ session }: { session: Session }) {
  if (session.steps.length === 0) return <p className="text-sm text-ink-3">No step has ended yet.</p>;
  return (
    <Card>
      <ol aria-label="Steps" className="divide-y">
        {session.steps.map((step) => (
          <li key={step.id} className="px-5 py-4">
            {step.node_id && <p className="mb-1 text-[13px] font-medium text-ink-2">For {step.node_id}</p>}
            <StepView step={step} />
          </li>
        ))}
      </ol>
    </Card>
  );
}
