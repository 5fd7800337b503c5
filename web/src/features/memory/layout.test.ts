import { expect, test } from "vitest";
import { places } from "./layout";

const ids = ["a", "b", "c", "d", "e"];
const edges = [{ source_memory_id: "a", target_memory_id: "b", strength: 1 }];
const between = (map: ReturnType<typeof places>, one: string, other: string) => Math.hypot(map.get(one)!.x - map.get(other)!.x, map.get(one)!.y - map.get(other)!.y);

test("the same graph gives the same picture, inside the field", () => {
  const first = places(ids, edges, 800, 400);
  expect(first).toEqual(places(ids, edges, 800, 400));
  for (const { x, y } of first.values()) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThanOrEqual(800);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y).toBeLessThanOrEqual(400);
  }
});

test("what is linked stands nearer than what is not", () => {
  const at = places(ids, edges, 800, 800);
  expect(between(at, "a", "b")).toBeLessThan(Math.min(between(at, "a", "c"), between(at, "a", "d"), between(at, "b", "d")));
});

test("one alone stands in the middle, and an edge to nowhere is left out", () => {
  expect(places(["a"], edges, 800, 400).get("a")).toEqual({ x: 400, y: 200 });
  expect(places([], [], 800, 400).size).toBe(0);
});
