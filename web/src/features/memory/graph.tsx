import { Waypoints } from "lucide-react";
import { useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import type { MemoryGraph } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { places } from "./layout";
import { useGraph } from "./queries";
import { named } from "./words";

const WIDTH = 800;
/** A few need little room. */
const heightOf = (nodes: number): number => Math.min(480, 120 + 40 * nodes);

/** Which memories belong to which: as a picture, and as a list for the keyboard and for readers. */
export function GraphView() {
  const { data, error, refetch } = useGraph();
  const linked = useMemo(() => data && onlyLinked(data), [data]);
  return (
    <Section title="Graph" description="Which memories belong to which. A search follows these for a step or two.">
      {error ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !linked ? (
        <TableSkeleton />
      ) : linked.edges.length === 0 ? (
        <Empty icon={Waypoints} title="Nothing is linked yet">
          Links appear when something learned belongs to something known, and when memories are merged or replaced. Programs add them through the API.
        </Empty>
      ) : (
        <Linked graph={linked} />
      )}
    </Section>
  );
}

/** Those that have a link; the others say nothing in a graph. */
function onlyLinked({ nodes, edges }: MemoryGraph): MemoryGraph {
  const known = new Set(nodes.map((node) => node.id));
  const whole = edges.filter((edge) => known.has(edge.source_memory_id) && known.has(edge.target_memory_id));
  const ends = new Set(whole.flatMap((edge) => [edge.source_memory_id, edge.target_memory_id]));
  return { nodes: nodes.filter((node) => ends.has(node.id)), edges: whole };
}

const short = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

function Linked({ graph: { nodes, edges } }: { graph: MemoryGraph }) {
  const [, setParams] = useSearchParams();
  const [at, setAt] = useState("");
  const height = heightOf(nodes.length);
  const where = useMemo(() => places(nodes.map((node) => node.id), edges, WIDTH, height), [nodes, edges, height]);
  const names = useMemo(() => new Map(nodes.map((node) => [node.id, node.content])), [nodes]);
  const near = (edge: MemoryGraph["edges"][number]) => edge.source_memory_id === at || edge.target_memory_id === at;
  const open = (id: string) => setParams({ memory: id });
  return (
    <>
      <div role="region" aria-label="The links as a picture" tabIndex={0} className="scroll min-w-0 overflow-x-auto rounded-xl border bg-raised">
        {/* The list below says the same: the picture is for eyes and mice. */}
        <svg aria-hidden viewBox={`0 0 ${WIDTH} ${height}`} className="block h-auto w-full min-w-[36rem]">
          {edges.map((edge) => {
            const from = where.get(edge.source_memory_id)!;
            const to = where.get(edge.target_memory_id)!;
            return (
              <g key={edge.id}>
                <line x1={from.x} y1={from.y} x2={to.x} y2={to.y} strokeWidth={0.75 + 2 * edge.strength} className={near(edge) ? "stroke-accent" : "stroke-line-strong/50"} />
                {near(edge) && (
                  <text x={(from.x + to.x) / 2} y={(from.y + to.y) / 2 - 4} textAnchor="middle" className="fill-ink-2 stroke-raised text-[11px] [paint-order:stroke] [stroke-width:3px]">
                    {named(edge.relationship_type).toLowerCase()}
                  </text>
                )}
              </g>
            );
          })}
          {nodes.map((node) => {
            const place = where.get(node.id)!;
            return (
              <g key={node.id} className="cursor-pointer" onPointerEnter={() => setAt(node.id)} onPointerLeave={() => setAt("")} onClick={() => open(node.id)}>
                <title>{node.content}</title>
                <circle cx={place.x} cy={place.y} r={7} className={cn("stroke-raised stroke-2", at === node.id ? "fill-accent" : "fill-ink-3")} />
                <text x={place.x} y={place.y + 20} textAnchor="middle" className={cn("stroke-raised text-[11px] [paint-order:stroke] [stroke-width:3px]", at === node.id ? "fill-ink" : "fill-ink-2")}>
                  {short(node.content, at === node.id ? 60 : 24)}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
      <ul aria-label="Links" className="grid gap-1.5 text-sm">
        {edges.map((edge) => (
          <li key={edge.id} className="flex flex-wrap items-baseline gap-x-2 gap-y-0.5">
            {[edge.source_memory_id, edge.target_memory_id].map((id, end) => (
              <span key={id} className="contents">
                {end === 1 && <span className="text-[13px] text-ink-3">{named(edge.relationship_type).toLowerCase()}</span>}
                <button type="button" className="rounded text-left underline-offset-3 [overflow-wrap:anywhere] hover:underline" onFocus={() => setAt(id)} onBlur={() => setAt("")} onClick={() => open(id)}>
                  {short(names.get(id) ?? "", 80)}
                </button>
              </span>
            ))}
          </li>
        ))}
      </ul>
    </>
  );
}
