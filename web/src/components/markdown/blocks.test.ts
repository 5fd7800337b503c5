import { parseMarkdownIntoBlocks } from "streamdown";
import { describe, expect, it } from "vitest";
import { growing } from "./blocks";

const text = "# Head\n\nWords *and* words.\n\n- one\n- two\n\n  more of two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx = 1\n\ny = 2\n```\n\n$$\na + b\n$$\n\n> quoted\n\n1. first\n2. second\n\nThe end.\n";

describe("the blocks of a growing text", () => {
  it("are those of the whole text, however it grows", () => {
    for (const step of [1, 3, 7, 20]) {
      const blocksOf = growing(parseMarkdownIntoBlocks);
      let last: string[] = [];
      for (let at = 1; at <= text.length + step; at += step) last = blocksOf(text.slice(0, at));
      expect(last).toEqual(parseMarkdownIntoBlocks(text));
    }
  });

  it("are read anew where the text is another", () => {
    const blocksOf = growing(parseMarkdownIntoBlocks);
    blocksOf(text);
    expect(blocksOf("Other words.")).toEqual(["Other words."]);
  });

  it("are not read again where they stand", () => {
    let read = 0;
    const blocksOf = growing((part) => {
      read += part.length;
      return parseMarkdownIntoBlocks(part);
    });
    const long = "A paragraph of words.\n\n".repeat(200);
    for (let at = 100; at <= long.length; at += 20) blocksOf(long.slice(0, at));
    expect(read).toBeLessThan(long.length * 6);
  });
});
