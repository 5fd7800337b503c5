/** The graph of a plan: what depends on what, in which column each node stands, and whether a plan can be run at all. */
import type { PlannedNode } from "./types";

type Edges = Pick<PlannedNode, "id" | "depends_on">;

export const NODE_WIDTH = 196;
export const NODE_HEIGHT = 100;
const LANE = 14;
const GAP_X = 40;
const GAP_Y = 16;

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

export interface Point {
  x: number;
  y: number;
}

export interface Drawing {
  /** The upper left corner of each node. */
  places: Map<string, Point>;
  /** By "from>to": where the line between the two runs besides its ends. */
  ways: Map<string, Point[]>;
}

/** Where everything stands, each column's middle on y = 0, in pixels. A line that goes farther than to the next column has
 * a lane of its own there, so that it runs under no node. */
export function placed(nodes: readonly Edges[]): Drawing {
  const depth = depths(nodes);
  const at = (id: string) => depth.get(id) ?? 0;
  const lane = (from: string, column: number) => `${from}~${column}`;
  const lanes = new Map<string, Edges>();
  const through = (from: string, to: string): string => {
    let before = from;
    for (let column = at(from) + 1; column < at(to); column++) {
      const id = lane(from, column);
      lanes.set(id, { id, depends_on: [before] });
      before = id;
    }
    return before;
  };
  const known = nodes.map((node) => ({ id: node.id, depends_on: node.depends_on.filter((other) => depth.has(other)) }));
  const routed = known.map((node) => ({ id: node.id, depends_on: node.depends_on.map((other) => through(other, node.id)) }));
  const places = new Map<string, Point>();
  const middles = new Map<string, Point>();
  for (const [column, ids] of layers([...routed, ...lanes.values()]).entries()) {
    const height = (id: string) => (lanes.has(id) ? LANE : NODE_HEIGHT);
    let y = -(ids.reduce((sum, id) => sum + height(id), 0) + GAP_Y * (ids.length - 1)) / 2;
    const x = column * (NODE_WIDTH + GAP_X);
    for (const id of ids) {
      if (lanes.has(id)) middles.set(id, { x, y: y + LANE / 2 });
      else places.set(id, { x, y });
      y += height(id) + GAP_Y;
    }
  }
  const ways = new Map<string, Point[]>();
  for (const node of known)
    for (const other of node.depends_on) {
      const way: Point[] = [];
      for (let column = at(other) + 1; column < at(node.id); column++) {
        const point = middles.get(lane(other, column));
        if (point) way.push(point, { x: point.x + NODE_WIDTH, y: point.y });
      }
      ways.set(`${other}>${node.id}`, way);
    }
  return { places, ways };
}

/** The line through these points as the path of an SVG: level at each of them. */
export function pathThrough(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let before = first;
  let path = `M ${first.x} ${first.y}`;
  for (const point of rest) {
    const half = (before.x + point.x) / 2;
    path += before.y === point.y ? ` L ${point.x} ${point.y}` : ` C ${half} ${before.y} ${half} ${point.y} ${point.x} ${point.y}`;
    before = point;
  }
  return path;
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
