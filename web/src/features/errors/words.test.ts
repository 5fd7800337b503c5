import { describe, expect, it } from "vitest";
import { placeOf, plural, pointsOf, sourceOf } from "./words";

describe("a frame", () => {
  it("shows its source with numbers, the line itself marked", () => {
    const lines = sourceOf({ line: "raise", number: 12, before: ["a", "b"], after: ["c"] });
    expect(lines.map(({ number, here }) => [number, here])).toEqual([
      [10, false],
      [11, false],
      [12, true],
      [13, false],
    ]);
    expect(sourceOf({ number: 3 })).toEqual([]);
    expect(sourceOf({ line: "x" })[0]?.number).toBeNull();
  });

  it("says where it is", () => {
    expect([placeOf({ file: "a.py", number: 3 }), placeOf({ module: "m" }), placeOf({})]).toEqual(["a.py:3", "m", "?"]);
  });
});

describe("a curve", () => {
  it("reaches the top at its highest and stays visible at nothing", () => {
    const points = pointsOf([0, 5, 10], 30, 20);
    expect(points.map((point) => point.height)).toEqual([1, 10, 20]);
    expect(points.map((point) => point.y)).toEqual([19, 10, 0]);
    expect(pointsOf([], 30, 20)).toEqual([]);
  });
});

it("counts in words", () => {
  expect([plural(1, "person", "people"), plural(2, "error"), plural(12_000, "error")]).toEqual(["1 person", "2 errors", "12,000 errors"]);
});
