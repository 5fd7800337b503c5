import { expect, test } from "vitest";
import { cycleOf, depths, ends, faultsOf, freshId, layers, mayDepend, NODE_HEIGHT, NODE_WIDTH, placed, without } from "./graph";
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

test("no two of forty nodes lie on each other, and none that it depends on lies beside it", () => {
  const forty = Array.from({ length: 40 }, (_, at) => node(`n${at}`, ...[at - 3, at - 7].filter((other) => other >= 0).map((other) => `n${other}`)));
  const places = placed(forty);
  expect(places).toHaveLength(40);
  for (const one of places)
    for (const other of places)
      if (one.id !== other.id) expect(Math.abs(one.x - other.x) >= NODE_WIDTH || Math.abs(one.y - other.y) >= NODE_HEIGHT).toBe(true);
  const x = new Map(places.map((one) => [one.id, one.x]));
  for (const one of forty) for (const other of one.depends_on) expect(x.get(other)! < x.get(one.id)!).toBe(true);
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
