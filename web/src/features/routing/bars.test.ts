import { expect, it } from "vitest";
import { ranked } from "./bars";

const bar = (key: string, value: number | null) => ({ key, name: key, value, text: "" });

it("the best stands first, and last of what nothing is known", () => {
  const bars = [bar("none", null), bar("two", 2), bar("one", 1)];
  expect(ranked(bars, "most").map((one) => one.key)).toEqual(["two", "one", "none"]);
  expect(ranked(bars, "least").map((one) => one.key)).toEqual(["one", "two", "none"]);
});
