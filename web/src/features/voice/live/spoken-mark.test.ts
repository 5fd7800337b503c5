import { describe, expect, it } from "vitest";
import { findSpoken } from "./spoken-mark";

describe("findSpoken", () => {
  it("finds words across marks, links and line ends", () => {
    const shown = "First, the **big**\nbang: it began. Then more.";
    const [from, to] = findSpoken(shown, "the big bang, it began")!;
    expect(shown.slice(from, to)).toBe("the **big**\nbang: it began");
  });

  it("is nothing where the words are not, or where there are none", () => {
    expect(findSpoken("one two", "three")).toBeNull();
    expect(findSpoken("one two", "…")).toBeNull();
  });

  it("counts letters, whatever their width", () => {
    const shown = "😀 𝒜𝒷 Straße, fertig.";
    const [from, to] = findSpoken(shown, "Straße fertig")!;
    expect(shown.slice(from, to)).toBe("Straße, fertig");
  });
});
