import { expect, test } from "vitest";
import { toCsv } from "./csv";
import { change, startOf } from "./range";

test("a table is CSV whose cells are no formulas", () => {
  expect(toCsv(["a", "b"], [['x,"y"', 1.5], ["=cmd()", null]])).toBe('a,b\r\n"x,""y""",1.5\r\n\'=cmd(),\r\n');
});

test("a change is told beside what was before, and only where something was", () => {
  expect(change(150, 100)).toEqual({ text: "50%", up: true });
  expect(change(99, 100)).toEqual({ text: "1.0%", up: false });
  expect(change(5000, 100)).toEqual({ text: "50 times", up: true });
  expect(change(5, 0)).toBeNull();
  expect(change(5, 5)).toBeNull();
});

test("a range begins so many hours before now", () => {
  expect(startOf("24h", Date.UTC(2026, 10, 26, 12))).toBe("2026-11-25T12:00:00.000Z");
});
