/** What the graph shows: the plan's nodes between the planning and the solution, each with a line about it. */
import { ends, type Point, placed } from "./graph";
import type { Node, NodeState, Session } from "./types";
import { hasEnded, listed, type Mark, percent, verifierName } from "./words";
import type { UnderWay } from "./under-way";

export const PLAN = "=plan";
export const SOLUTION = "=solution";

export interface Drawn {
  id: string;
  title: string;
  text: string;
  state: Mark;
  /** What happens there now, or what its answer rests on. */
  note: string;
  x: number;
  y: number;
  /** What it depends on, and where the lines from there run. */
  before: { id: string; way: Point[] }[];
}

export const doing = (some: readonly UnderWay[]): string => {
  const [first] = some;
  if (!first) return "";
  const more = some.length > 1 ? ` and ${some.length - 1} more` : "";
  return `${first.kind === "call" ? "asking" : "running"} ${first.name}${more}`;
};

function planState(session: Session): Mark {
  if (session.nodes.length) return "made";
  return session.status === "running" ? "running" : session.status === "failed" ? "failed" : session.status === "cancelled" ? "skipped" : "pending";
}

/** Proven is a solution that a verifier confirmed, or that is word for word the answer of a verified step at the end. */
export function solutionState(session: Session): NodeState {
  const all = session.nodes;
  if (session.solution !== null || session.answer !== null) {
    const verdict = session.steps.findLast((one) => one.node_id === null && one.verdict !== null)?.verdict;
    const last = new Set(ends(all));
    const same = all.some((node) => last.has(node.id) && node.state === "verified" && session.answer !== null && node.answer?.trim() === session.answer.trim());
    return session.solution_found && verdict !== "refuted" && (verdict === "confirmed" || same) ? "verified" : "answered";
  }
  if (session.status === "failed") return "failed";
  if (hasEnded(session.status)) return "skipped";
  const over = all.length > 0 && all.every((node) => node.state !== "pending" && node.state !== "running");
  return over && session.status === "running" ? "running" : "pending";
}

function noteOf(node: Node, now: readonly UnderWay[]): string {
  const here = doing(now.filter((one) => one.node === node.id));
  if (here) return here;
  if (node.error) return node.error;
  const sure = node.confidence === null ? "" : `${percent(node.confidence)}, `;
  if (node.state === "verified") return `${sure}${node.verifiers.length ? `by ${listed(node.verifiers.map(verifierName))}` : "verified"}`;
  if (node.state === "answered") return `${sure}the model’s word`;
  return "";
}

export function drawn(session: Session, now: readonly UnderWay[]): Drawn[] {
  const { nodes } = session;
  const last = ends(nodes);
  const all = [
    { id: PLAN, depends_on: [] as string[] },
    // What a plan that is changed just now names and has not yet counts for nothing.
    ...nodes.map((node) => ({ id: node.id, depends_on: node.depends_on.length ? node.depends_on : [PLAN] })),
    { id: SOLUTION, depends_on: last.length ? last : [PLAN] },
  ];
  const { places, ways } = placed(all);
  const at = (id: string) => ({
    x: places.get(id)?.x ?? 0,
    y: places.get(id)?.y ?? 0,
    before: (all.find((one) => one.id === id)?.depends_on ?? []).flatMap((other) => (places.has(other) ? [{ id: other, way: ways.get(`${other}>${id}`) ?? [] }] : [])),
  });
  const whole = doing(now.filter((one) => one.node === null));
  const ending = solutionState(session);
  return [
    { id: PLAN, title: "Plan", text: nodes.length ? `${nodes.length} ${nodes.length === 1 ? "step" : "steps"}` : "Takes the problem apart", state: planState(session), note: nodes.length ? "" : whole, ...at(PLAN) },
    ...nodes.map((node) => ({ id: node.id, title: node.id, text: node.question, state: node.state, note: noteOf(node, now), ...at(node.id) })),
    { id: SOLUTION, title: "Solution", text: session.answer ?? (session.solution ? session.solution.slice(0, 200) : "Put together from the answers"), state: ending, note: nodes.length && ending === "running" ? whole : "", ...at(SOLUTION) },
  ];
}
