/** The canvas as its room's document holds it: artifacts by id in a Y.Map, each a Y.Map with a Y.Text as its body. */
import * as Y from "yjs";
import { HERE } from "@/lib/rooms";

export type ArtifactType = "code" | "markdown" | "mermaid" | "html" | "svg" | "json" | "table";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** What is known of an artifact but its body, as one moment's copy. */
export interface Artifact extends Box {
  id: string;
  type: ArtifactType;
  title: string;
  language: string | null;
  z: number;
  collapsed: boolean;
}

export const types: Record<ArtifactType, { name: string; begin: string; language: string | null; width: number; height: number }> = {
  markdown: { name: "Text", begin: "", language: "markdown", width: 480, height: 360 },
  code: { name: "Code", begin: "", language: "python", width: 480, height: 320 },
  table: { name: "Table", begin: "Name,Value\n,\n,\n", language: null, width: 440, height: 260 },
  mermaid: { name: "Diagram", begin: "flowchart LR\n  A[Idea] --> B[Draft]\n  B --> C{Good?}\n  C -- yes --> D[Done]\n  C -- no --> B\n", language: "mermaid", width: 520, height: 360 },
  html: { name: "HTML", begin: "<h1>Hello</h1>\n", language: "html", width: 520, height: 380 },
  svg: { name: "SVG", begin: '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80">\n  <rect x="10" y="10" width="100" height="60" rx="8" fill="#b93a0b"/>\n</svg>\n', language: "xml", width: 400, height: 320 },
  json: { name: "JSON", begin: "{\n  \n}\n", language: "json", width: 440, height: 320 },
};

export const isType = (value: unknown): value is ArtifactType => typeof value === "string" && Object.hasOwn(types, value);

type Entry = Y.Map<unknown>;

export const artifactsOf = (doc: Y.Doc): Y.Map<unknown> => doc.getMap("artifacts");
export const provenanceOf = (doc: Y.Doc): Y.Map<unknown> => doc.getMap("provenance");

const entryOf = (doc: Y.Doc, id: string): Entry | null => {
  const entry = artifactsOf(doc).get(id);
  return entry instanceof Y.Map ? (entry as Entry) : null;
};

export const bodyOf = (doc: Y.Doc, id: string): Y.Text | null => {
  const body = entryOf(doc, id)?.get("body");
  return body instanceof Y.Text ? body : null;
};

/** Bounds of the server (migration 0023), with a least size that a person can still take hold of. */
export const FAR = 1_000_000;
export const LEAST = { width: 180, height: 96 };
export const MOST = 100_000;

const within = (value: unknown, least: number, most: number, otherwise: number): number =>
  typeof value === "number" && Number.isFinite(value) ? Math.round(Math.min(most, Math.max(least, value))) : otherwise;

/** A place and size that the server takes. */
export const bounded = (box: Box): Box => ({
  x: within(box.x, -FAR, FAR, 0),
  y: within(box.y, -FAR, FAR, 0),
  width: within(box.width, LEAST.width, MOST, 400),
  height: within(box.height, LEAST.height, MOST, 300),
});

const words = (value: unknown, most = 200): string => (typeof value === "string" ? value.slice(0, most) : "");

/** Whatever other clients wrote there, in the shape that this page draws; what cannot be drawn is left out. */
export function readArtifacts(doc: Y.Doc): Artifact[] {
  const found: Artifact[] = [];
  for (const [id, entry] of artifactsOf(doc).entries()) {
    if (!(entry instanceof Y.Map) || !(entry.get("body") instanceof Y.Text)) continue;
    const type = entry.get("type");
    if (!isType(type)) continue;
    found.push({
      id,
      type,
      title: words(entry.get("title")),
      language: words(entry.get("language"), 50) || null,
      ...bounded({ x: entry.get("x"), y: entry.get("y"), width: entry.get("width"), height: entry.get("height") } as Box),
      z: within(entry.get("z"), -FAR, FAR, 0),
      collapsed: entry.get("collapsed") === true,
    });
  }
  return readingOrder(found);
}

/** Rows from above, within a row from the left: the order of Tab and of the list. Boxes a third of a screen apart are one row. */
export function readingOrder<T extends Box & { id: string }>(boxes: readonly T[]): T[] {
  const row = (box: Box) => Math.round(box.y / 120);
  return [...boxes].sort((a, b) => row(a) - row(b) || a.x - b.x || a.y - b.y || a.id.localeCompare(b.id));
}

export const titleOf = ({ title, type }: Pick<Artifact, "title" | "type">): string => title || types[type].name;

/** Marks what is one act by itself: undo takes it back alone, though another came right before it. */
export const ACT = { toString: () => "an act on this page" };

/** All changes of the page go through here, so that one undo takes them back together. */
export const change = (doc: Y.Doc, run: () => void, origin: object = ACT): void => doc.transact(run, origin);

/** Undo of what this page does to a canvas: moves and words that follow each other are one step, acts are one each. */
export function undoOf(doc: Y.Doc): Y.UndoManager {
  const undo = new Y.UndoManager(artifactsOf(doc), { trackedOrigins: new Set([HERE, ACT]), captureTimeout: 400 });
  const part = (transaction: Y.Transaction) => {
    if (transaction.origin === ACT) undo.stopCapturing();
  };
  // Registered after the manager's own listener: it has taken the act in by then.
  doc.on("beforeTransaction", part);
  doc.on("afterTransaction", part);
  return undo;
}

export function place(doc: Y.Doc, boxes: ReadonlyMap<string, Partial<Box>>): void {
  change(doc, () => {
    for (const [id, part] of boxes) {
      const entry = entryOf(doc, id);
      if (!entry) continue;
      const now = { x: entry.get("x"), y: entry.get("y"), width: entry.get("width"), height: entry.get("height") } as Box;
      const next = bounded({ ...now, ...part });
      for (const name of ["x", "y", "width", "height"] as const) if (name in part && now[name] !== next[name]) entry.set(name, next[name]);
    }
  }, HERE);
}

export function set(doc: Y.Doc, id: string, name: "title" | "language" | "collapsed", value: string | boolean | null): void {
  const entry = entryOf(doc, id);
  if (entry && entry.get(name) !== value) change(doc, () => entry.set(name, value));
}

/** Puts it above (or below) all others. */
export function restack(doc: Y.Doc, id: string, above = true): void {
  const all = readArtifacts(doc);
  const heights = all.filter((one) => one.id !== id).map((one) => one.z);
  const mine = all.find((one) => one.id === id)?.z;
  if (mine === undefined || heights.length === 0) return;
  const wanted = above ? Math.max(...heights) + 1 : Math.min(...heights) - 1;
  if (above ? mine < wanted : mine > wanted) change(doc, () => entryOf(doc, id)?.set("z", within(wanted, -FAR, FAR, 0)));
}

interface New extends Partial<Box> {
  type: ArtifactType;
  title?: string;
  language?: string | null;
  content?: string;
  by: string;
}

const GAP = 24;

/** A place of that size that touches none of the boxes, near the middle of what is looked at: along rows below it. */
export function freePlace(boxes: readonly Box[], size: Pick<Box, "width" | "height">, near: { x: number; y: number }): { x: number; y: number } {
  const clear = (x: number, y: number) => boxes.every((box) => x + size.width + GAP <= box.x || box.x + box.width + GAP <= x || y + size.height + GAP <= box.y || box.y + box.height + GAP <= y);
  for (let down = 0; down < 40; down += 1)
    for (let right = 0; right < 6; right += 1) {
      const x = Math.round(near.x + right * (GAP + size.width / 2));
      const y = Math.round(near.y + down * (GAP + size.height / 2));
      if (clear(x, y)) return { x, y };
    }
  return { x: Math.round(near.x), y: Math.round(Math.max(near.y, ...boxes.map((box) => box.y + box.height + GAP))) };
}

/** Makes an artifact; tells its id. */
export function add(doc: Y.Doc, { type, title = "", language, content, by, ...box }: New, near = { x: 0, y: 0 }): string {
  const id = crypto.randomUUID();
  const all = readArtifacts(doc);
  const size = { width: box.width ?? types[type].width, height: box.height ?? types[type].height };
  const { x, y } = box.x !== undefined && box.y !== undefined ? { x: box.x, y: box.y } : freePlace(all, size, near);
  change(doc, () => {
    const entry = new Y.Map<unknown>();
    artifactsOf(doc).set(id, entry);
    for (const [name, value] of Object.entries({
      type,
      title: title.slice(0, 200),
      language: language === undefined ? types[type].language : language,
      ...bounded({ x, y, ...size }),
      z: all.reduce((most, one) => Math.max(most, one.z), 0) + 1,
      collapsed: false,
      created_by: by,
      created_at: new Date().toISOString(),
    }))
      entry.set(name, value);
    entry.set("body", new Y.Text(content ?? types[type].begin));
  });
  return id;
}

/** A copy beside it, with what is known of where its words come from. */
export function duplicate(doc: Y.Doc, id: string, by: string): string | null {
  const known = readArtifacts(doc).find((one) => one.id === id);
  const body = bodyOf(doc, id);
  if (!known || !body) return null;
  const { type, language, width, height } = known;
  let copied = "";
  change(doc, () => {
    copied = add(doc, { type, language, width, height, title: `${titleOf(known)} copy`, content: "", by, x: known.x + GAP, y: known.y + GAP });
    bodyOf(doc, copied)?.applyDelta(body.toDelta());
  });
  return copied;
}

export function remove(doc: Y.Doc, ids: readonly string[]): void {
  change(doc, () => {
    for (const id of ids) artifactsOf(doc).delete(id);
  });
}

/** Tells of changes of the artifacts, and of their bodies only where `bodies` asks for it. */
export function watch(doc: Y.Doc, listener: () => void, bodies = false): () => void {
  const map = artifactsOf(doc);
  const onEvents = (events: Y.YEvent<Y.AbstractType<unknown>>[]) => {
    if (bodies || events.some((event) => !(event.target instanceof Y.Text))) listener();
  };
  map.observeDeep(onEvents as Parameters<typeof map.observeDeep>[0]);
  return () => map.unobserveDeep(onEvents as Parameters<typeof map.observeDeep>[0]);
}

/** Which artifacts hold these words, in the order in which they are read. */
export function search(doc: Y.Doc, artifacts: readonly Artifact[], words: string): Artifact[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [];
  return artifacts.filter((one) => {
    const text = `${titleOf(one)} ${types[one.type].name} ${bodyOf(doc, one.id)?.toString() ?? ""}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}
