import { describe, expect, it } from "vitest";
import { clock, wordAt } from "./words";

const words = [
  { word: "one", start: 0.2, end: 0.5 },
  { word: "two", start: 0.6, end: 0.9 },
];

describe("wordAt", () => {
  it("is the word that is said, or the last one that was", () => {
    expect(wordAt(words, 0.1)).toBe(-1);
    expect(wordAt(words, 0.3)).toBe(0);
    expect(wordAt(words, 0.55)).toBe(0);
    expect(wordAt(words, 5)).toBe(1);
    expect(wordAt([], 1)).toBe(-1);
  });
});

describe("clock", () => {
  it("has minutes and seconds", () => {
    expect(clock(0)).toBe("0:00");
    expect(clock(61.4)).toBe("1:01");
    expect(clock(3725)).toBe("62:05");
  });
});
