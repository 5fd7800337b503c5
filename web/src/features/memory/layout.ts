/** Where the memories of the graph stand: springs along the edges, all others push each other away. */

export interface Place {
  x: number;
  y: number;
}

interface Edge {
  source_memory_id: string;
  target_memory_id: string;
  strength: number;
}

const ROUNDS = 200;

/** Places in a `width` × `height` field, by id. The same graph gives the same picture: it starts from a circle, in the
 * given order. Each round is n²: for some hundred nodes. */
export function places(ids: readonly string[], edges: readonly Edge[], width: number, height: number): Map<string, Place> {
  const middle = { x: width / 2, y: height / 2 };
  const at = ids.map((_, index) => {
    const turn = (2 * Math.PI * index) / Math.max(1, ids.length);
    return { x: middle.x + (Math.cos(turn) * width) / 3, y: middle.y + (Math.sin(turn) * height) / 3 };
  });
  const index = new Map(ids.map((id, position) => [id, position]));
  const springs = edges.flatMap((edge) => {
    const from = index.get(edge.source_memory_id);
    const to = index.get(edge.target_memory_id);
    return from === undefined || to === undefined ? [] : [{ from, to, pull: 0.5 + edge.strength / 2 }];
  });
  const wanted = 0.75 * Math.sqrt((width * height) / Math.max(1, ids.length));
  for (let round = 0; round < ROUNDS && ids.length > 1; round += 1) {
    const moves = at.map(() => ({ x: 0, y: 0 }));
    const push = (one: number, other: number, force: (distance: number) => number) => {
      const dx = at[one]!.x - at[other]!.x;
      const dy = at[one]!.y - at[other]!.y;
      const distance = Math.max(1, Math.hypot(dx, dy));
      const by = force(distance) / distance;
      moves[one]!.x += dx * by;
      moves[one]!.y += dy * by;
      moves[other]!.x -= dx * by;
      moves[other]!.y -= dy * by;
    };
    for (let one = 0; one < at.length; one += 1) for (let other = one + 1; other < at.length; other += 1) push(one, other, (distance) => wanted ** 2 / distance);
    for (const { from, to, pull } of springs) push(from, to, (distance) => -(distance ** 2 / wanted) * pull);
    const most = (width / 10) * (1 - round / ROUNDS);
    at.forEach((place, position) => {
      const move = moves[position]!;
      move.x += (middle.x - place.x) * 0.05 * wanted * 0.1;
      move.y += (middle.y - place.y) * 0.05 * wanted * 0.1;
      const length = Math.max(1, Math.hypot(move.x, move.y));
      place.x += (move.x / length) * Math.min(length, most);
      place.y += (move.y / length) * Math.min(length, most);
    });
  }
  // Into the field as a whole, with room for the names; a few are not drawn apart to its edges.
  const spread = (axis: "x" | "y", size: number, edge: number) => {
    const margin = Math.max(edge, (size - 170 * (ids.length - 1)) / 2);
    const low = Math.min(...at.map((place) => place[axis]));
    const high = Math.max(...at.map((place) => place[axis]));
    for (const place of at) place[axis] = high - low < 1 ? size / 2 : margin + ((place[axis] - low) / (high - low)) * (size - 2 * margin);
  };
  spread("x", width, 70);
  spread("y", height, 28);
  return new Map(ids.map((id, position) => [id, at[position]!]));
}
