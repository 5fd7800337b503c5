/** The graph of a plan: what depends on what, in which column each node stands, and whether a plan can be run at all. */
import type { PlannedNode } from "./types";

type Edges = Pick<PlannedNode, "id" | "depends_on">;

export const NODE_WIDTH = 216;
export const NODE_HEIGHT = 92;
const GAP_X = 56;
const GAP_Y = 20;

/** How many dependencies lie before each, along the longest way; what is on a circle stands where its other ways put it. */
export function depths(nodes: readonly Edges[]): Map<string, number> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Map<string, number>();
  const under = new Set<string>();
  const depth = (id: string): number => {
    const known = found.get(id);
    if (known !== undefined) return known;
    if (under.has(id)) return -1;
    under.add(id);
    const before = (byId.get(id)?.depends_on ?? []).filter((other) => byId.has(other));
    const value = before.reduce((most, other) => Math.max(most, depth(other) + 1), 0);
    under.delete(id);
    found.set(id, value);
    return value;
  };
  for (const node of nodes) depth(node.id);
  return found;
}

/** Columns by depth; within one, nodes stand near what they depend on, so that fewer lines cross. */
export function layers(nodes: readonly Edges[]): string[][] {
  const depth = depths(nodes);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const columns: string[][] = [];
  for (const node of nodes) (columns[depth.get(node.id) ?? 0] ??= []).push(node.id);
  const place = new Map<string, number>();
  for (const [at, column] of columns.entries()) {
    if (!column) {
      columns[at] = [];
      continue;
    }
    const wish = (id: string): number => {
      const before = (byId.get(id)?.depends_on ?? []).map((other) => place.get(other)).filter((row) => row !== undefined);
      return before.length ? before.reduce((sum, row) => sum + row, 0) / before.length : column.indexOf(id) - (column.length - 1) / 2;
    };
    const wishes = new Map(column.map((id) => [id, wish(id)]));
    const sorted = [...column].sort((a, b) => (wishes.get(a) ?? 0) - (wishes.get(b) ?? 0));
    columns[at] = sorted;
    for (const [row, id] of sorted.entries()) place.set(id, row - (sorted.length - 1) / 2);
  }
  return columns;
}

export interface Placed {
  id: string;
  x: number;
  y: number;
}

/** Where each node stands, its column's middle on y = 0. In pixels of the drawing. */
export function placed(nodes: readonly Edges[]): Placed[] {
  return layers(nodes).flatMap((column, at) =>
    column.map((id, row) => ({ id, x: at * (NODE_WIDTH + GAP_X), y: (row - (column.length - 1) / 2) * (NODE_HEIGHT + GAP_Y) - NODE_HEIGHT / 2 })),
  );
}

/** The ids on a circle, in its order; null where there is none. */
export function cycleOf(nodes: readonly Edges[]): string[] | null {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (id: string): string[] | null => {
    if (done.has(id)) return null;
    const at = path.indexOf(id);
    if (at >= 0) return path.slice(at);
    path.push(id);
    for (const other of byId.get(id)?.depends_on ?? []) {
      const found = byId.has(other) ? visit(other) : null;
      if (found) return found;
    }
    path.pop();
    done.add(id);
    return null;
  };
  for (const node of nodes) {
    const found = visit(node.id);
    if (found) return found;
  }
  return null;
}

/** Everything that `id` needs, directly or not. */
export function needs(nodes: readonly Edges[], id: string): Set<string> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const found = new Set<string>();
  const walk = (at: string) => {
    for (const other of byId.get(at)?.depends_on ?? [])
      if (!found.has(other)) {
        found.add(other);
        walk(other);
      }
  };
  walk(id);
  return found;
}

/** Whether `id` may come to depend on `other`: not where `other` needs `id` already. */
export const mayDepend = (nodes: readonly Edges[], id: string, other: string): boolean => id !== other && !needs(nodes, other).has(id);

/** What nothing depends on: the solution rests on these. */
export const ends = (nodes: readonly Edges[]): string[] => nodes.map((node) => node.id).filter((id) => !nodes.some((other) => other.depends_on.includes(id)));

/** An id that no node has. */
export function freshId(nodes: readonly Pick<PlannedNode, "id">[]): string {
  const taken = new Set(nodes.map((node) => node.id));
  let number = nodes.length + 1;
  while (taken.has(`n${number}`)) number += 1;
  return `n${number}`;
}

/** Without `id`: what depended on it depends on what it depended on, so that the order stays. */
export function without<T extends Edges>(nodes: readonly T[], id: string): T[] {
  const gone = nodes.find((node) => node.id === id);
  if (!gone) return [...nodes];
  return nodes
    .filter((node) => node.id !== id)
    .map((node) => (node.depends_on.includes(id) ? { ...node, depends_on: [...new Set([...node.depends_on.filter((other) => other !== id), ...gone.depends_on])] } : node));
}

/** What is wrong with a plan, one sentence each; nothing where it can be run. */
export function faultsOf(nodes: readonly PlannedNode[]): string[] {
  const faults: string[] = [];
  if (nodes.length === 0) faults.push("A plan needs a step at least.");
  const ids = new Set(nodes.map((node) => node.id));
  if (ids.size < nodes.length) faults.push("Two steps have the same name.");
  for (const node of nodes) {
    if (!node.question.trim()) faults.push(`Step ${node.id} asks nothing.`);
    for (const other of node.depends_on) if (!ids.has(other)) faults.push(`Step ${node.id} depends on ${other}, which is not there.`);
  }
  const circle = cycleOf(nodes);
  if (circle) faults.push(`These steps wait for each other: ${[...circle, circle[0]].join(" → ")}.`);
  return faults;
}
