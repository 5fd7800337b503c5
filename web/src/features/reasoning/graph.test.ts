import { expect, test } from "vitest";
import { cycleOf, depths, ends, faultsOf, freshId, layers, mayDepend, NODE_HEIGHT, NODE_WIDTH, pathThrough, placed, without } from "./graph";
import type { PlannedNode } from "./types";

const node = (id: string, ...depends_on: string[]): PlannedNode => ({ id, question: `What is ${id}?`, depends_on, difficulty: "medium", tools: [], model: null });
const diamond = [node("a"), node("b", "a"), node("c", "a"), node("d", "b", "c")];

test("a node stands one column behind the last of what it depends on", () => {
  expect([...depths([node("a"), node("b", "a"), node("c", "a", "b"), node("d")])]).toEqual([
    ["a", 0],
    ["b", 1],
    ["c", 2],
    ["d", 0],
  ]);
  expect(layers(diamond)).toEqual([["a"], ["b", "c"], ["d"]]);
});

test("nodes stand near what they depend on, whatever their order in the plan", () => {
  expect(layers([node("a"), node("b"), node("c"), node("z", "c"), node("y", "a"), node("x", "b")])).toEqual([
    ["a", "b", "c"],
    ["y", "x", "z"],
  ]);
});

test("no two of forty nodes lie on each other, none beside what it depends on, and no line under a node", () => {
  const forty = Array.from({ length: 40 }, (_, at) => node(`n${at}`, ...[at - 3, at - 7, at - 20].filter((other) => other >= 0).map((other) => `n${other}`)));
  const { places, ways } = placed(forty);
  const all = [...places];
  expect(all).toHaveLength(40);
  for (const [id, one] of all)
    for (const [other, two] of all)
      if (id !== other) expect(Math.abs(one.x - two.x) >= NODE_WIDTH || Math.abs(one.y - two.y) >= NODE_HEIGHT).toBe(true);
  for (const one of forty) for (const other of one.depends_on) expect(places.get(other)!.x < places.get(one.id)!.x).toBe(true);
  expect(ways.size).toBe(forty.reduce((sum, one) => sum + one.depends_on.length, 0));
  const long = [...ways.values()].filter((way) => way.length);
  expect(long.length).toBeGreaterThan(0);
  for (const way of long)
    for (const point of way) for (const [, one] of all) expect(point.x >= one.x && point.x <= one.x + NODE_WIDTH && point.y >= one.y && point.y <= one.y + NODE_HEIGHT).toBe(false);
});

test("a line is level at its ends and straight where nothing turns it", () => {
  expect(pathThrough([{ x: 0, y: 5 }, { x: 10, y: 5 }])).toBe("M 0 5 L 10 5");
  expect(pathThrough([{ x: 0, y: 0 }, { x: 10, y: 4 }])).toBe("M 0 0 C 5 0 5 4 10 4");
  expect(pathThrough([])).toBe("");
});

test("a plan that waits for itself, or for what is not there, is drawn all the same", () => {
  expect(placed([node("a", "b"), node("b", "a"), node("c", "gone")]).places.size).toBe(3);
});

test("a circle is found and named, and a plan without one is not accused", () => {
  expect(cycleOf(diamond)).toBeNull();
  expect(cycleOf([node("a", "c"), node("b", "a"), node("c", "b"), node("d", "c")])).toEqual(["a", "c", "b"]);
  expect(cycleOf([node("a", "a")])).toEqual(["a"]);
  expect(depths([node("a", "b"), node("b", "a")]).size).toBe(2);
});

test("a dependency that would close a circle is not offered", () => {
  expect(mayDepend(diamond, "a", "d")).toBe(false);
  expect(mayDepend(diamond, "b", "c")).toBe(true);
  expect(mayDepend(diamond, "a", "a")).toBe(false);
});

test("a node that goes leaves its order behind", () => {
  expect(without(diamond, "b")).toEqual([node("a"), node("c", "a"), node("d", "c", "a")]);
  expect(without(diamond, "x")).toEqual(diamond);
});

test("the solution rests on what nothing depends on", () => {
  expect(ends(diamond)).toEqual(["d"]);
  expect(ends([node("a"), node("b")])).toEqual(["a", "b"]);
  expect(freshId([node("n1"), node("n3")])).toBe("n4");
});

test("what is wrong with a plan is said in sentences", () => {
  expect(faultsOf(diamond)).toEqual([]);
  expect(faultsOf([])).toEqual(["A plan needs a step at least."]);
  expect(faultsOf([{ ...node("a", "q"), question: " " }])).toEqual(["Step a asks nothing.", "Step a depends on q, which is not there."]);
  expect(faultsOf([node("a", "b"), node("b", "a")])).toEqual(["These steps wait for each other: a → b → a."]);
});
