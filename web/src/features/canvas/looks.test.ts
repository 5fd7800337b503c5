import { expect, test } from "vitest";
import { lookOf, looksOf } from "./looks";

test("what is edited shows its text, beside what it looks like where there is room", () => {
  expect(lookOf({ type: "markdown", width: 480 }, undefined, false)).toBe("preview");
  expect(lookOf({ type: "markdown", width: 480 }, undefined, true)).toBe("edit");
  expect(lookOf({ type: "mermaid", width: 900 }, undefined, true)).toBe("split");
  expect(lookOf({ type: "markdown", width: 480 }, "split", true)).toBe("split");
});

test("code and JSON look like what they are, a table like a grid", () => {
  expect(looksOf("code")).toEqual([]);
  expect(lookOf({ type: "json", width: 480 }, "preview", false)).toBe("edit");
  expect(lookOf({ type: "table", width: 480 }, undefined, true)).toBe("preview");
  expect(lookOf({ type: "table", width: 480 }, "edit", false)).toBe("edit");
});
