import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { add, artifactsOf, bodyOf, change, duplicate, freePlace, place, readArtifacts, readingOrder, remove, restack, search, set, undoOf, watch } from "./model";

const by = "0190aaaa-0000-7000-8000-000000000000";

describe("artifacts in the document", () => {
  test("are made with whole numbers within the server's bounds, above the others", () => {
    const doc = new Y.Doc();
    const first = add(doc, { type: "code", by, x: 0.4, y: -2e9 });
    const second = add(doc, { type: "table", by });
    const [high, low] = [first, second].map((id) => readArtifacts(doc).find((one) => one.id === id)!);
    expect(high).toMatchObject({ x: 0, y: -1_000_000, language: "python" });
    expect(low!.z).toBeGreaterThan(high!.z);
    restack(doc, first);
    expect(readArtifacts(doc).find((one) => one.id === first)!.z).toBeGreaterThan(low!.z);
  });

  test("what another client wrote wrongly is left out or brought into bounds", () => {
    const doc = new Y.Doc();
    const map = artifactsOf(doc);
    change(doc, () => {
      map.set("text", "no map");
      map.set("empty", new Y.Map());
      const odd = new Y.Map<unknown>(Object.entries({ type: "script", body: new Y.Text("x") }));
      map.set("odd", odd);
      map.set("wild", new Y.Map<unknown>(Object.entries({ type: "html", title: 7, x: Number.NaN, width: -5, body: new Y.Text("x") })));
    });
    expect(readArtifacts(doc)).toMatchObject([{ id: "wild", title: "", x: 0, width: 180 }]);
  });

  test("a copy keeps where its words come from", () => {
    const doc = new Y.Doc();
    const id = add(doc, { type: "markdown", content: "", by });
    bodyOf(doc, id)!.insert(0, "by a model", { src: "p1" });
    const copy = duplicate(doc, id, by)!;
    expect(bodyOf(doc, copy)!.toDelta()).toEqual([{ insert: "by a model", attributes: { src: "p1" } }]);
  });

  test("undo takes back one's own removal and nobody else's change", () => {
    const doc = new Y.Doc();
    const other = new Y.Doc();
    doc.on("update", (update) => Y.applyUpdate(other, update));
    other.on("update", (update) => Y.applyUpdate(doc, update));
    const undo = undoOf(doc);
    const id = add(doc, { type: "code", content: "kept", by });
    place(other, new Map([[id, { x: 500 }]]));
    remove(doc, [id]);
    undo.undo();
    expect(readArtifacts(doc)).toMatchObject([{ id, x: 500 }]);
    expect(bodyOf(doc, id)!.toString()).toBe("kept");
    expect(readArtifacts(other)).toEqual(readArtifacts(doc));
  });

  test("acts that follow each other at once are taken back one by one, a drag as a whole", () => {
    const doc = new Y.Doc();
    const undo = undoOf(doc);
    const id = add(doc, { type: "code", by, x: 0, y: 0 });
    set(doc, id, "title", "one");
    set(doc, id, "title", "two");
    for (const x of [10, 20, 30]) place(doc, new Map([[id, { x }]]));
    undo.undo();
    expect(readArtifacts(doc)).toMatchObject([{ title: "two", x: 0 }]);
    undo.undo();
    expect(readArtifacts(doc)).toMatchObject([{ title: "one" }]);
    undo.redo();
    expect(readArtifacts(doc)).toMatchObject([{ title: "two" }]);
  });

  test("typing in a body tells only who asked for bodies", () => {
    const doc = new Y.Doc();
    const id = add(doc, { type: "code", by });
    let shapes = 0;
    let all = 0;
    watch(doc, () => (shapes += 1));
    watch(doc, () => (all += 1), true);
    bodyOf(doc, id)!.insert(0, "x");
    expect([shapes, all]).toEqual([0, 1]);
    place(doc, new Map([[id, { x: 9 }]]));
    expect([shapes, all]).toEqual([1, 2]);
  });

  test("are found by title, kind and content", () => {
    const doc = new Y.Doc();
    add(doc, { type: "table", title: "Budget", content: "Rent,900\n", by });
    expect(search(doc, readArtifacts(doc), "table rent").length).toBe(1);
    expect(search(doc, readArtifacts(doc), "food").length).toBe(0);
  });
});

test("a free place touches nothing", () => {
  const boxes = [{ x: 0, y: 0, width: 400, height: 300 }];
  const spot = freePlace(boxes, { width: 400, height: 300 }, { x: 0, y: 0 });
  expect(spot.x >= 424 || spot.y >= 324).toBe(true);
});

test("boxes are read by rows", () => {
  const box = (id: string, x: number, y: number) => ({ id, x, y, width: 1, height: 1 });
  expect(readingOrder([box("c", 0, 400), box("b", 300, 0), box("a", 0, 20)]).map((one) => one.id)).toEqual(["a", "b", "c"]);
});
