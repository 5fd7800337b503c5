import { cn } from "@/lib/cn";
import type { Drawn } from "./drawing";
import { PLAN, SOLUTION } from "./drawing";
import { StateMark } from "./state-mark";
import { listed } from "./words";

interface Props {
  nodes: Drawn[];
  chosen: string | null;
  onChoose: (id: string) => void;
}

/** The graph as a list, in the order in which it can be solved. */
export function NodeList({ nodes, chosen, onChoose }: Props) {
  // Before there are steps, the solution would only be pushed down by them.
  const sorted = nodes.filter((node) => nodes.length > 2 || node.id === PLAN).sort((a, b) => a.x - b.x || a.y - b.y);
  const needs = (node: Drawn): string => {
    const before = node.before.map((one) => one.id).filter((id) => id !== PLAN);
    return before.length && node.id !== SOLUTION ? `needs ${listed(before)}` : "";
  };
  return (
    <ol aria-label="Steps of the plan" className="divide-y">
      {sorted.map((node) => (
        <li key={node.id}>
          <button type="button" aria-pressed={node.id === chosen} onClick={() => onChoose(node.id)} className={cn("grid w-full gap-1 px-4 py-3 text-left -outline-offset-2 hover:bg-hover", node.id === chosen && "bg-hover")}>
            <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <span className="text-[13px] font-semibold">{node.title}</span>
              <StateMark state={node.state} />
              <span className="text-[13px] text-ink-3">{needs(node)}</span>
            </span>
            <span className="line-clamp-2 text-sm [overflow-wrap:anywhere]">{node.text}</span>
            <span className="min-h-5 truncate text-[13px] text-ink-2">{node.note}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
