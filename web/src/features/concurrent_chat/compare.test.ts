import { describe, expect, it } from "vitest";
import { agreement, compare, sentencesOf } from "./compare";

describe("the comparison of two answers", () => {
  it("knows sentences by their ends and by lines", () => {
    expect(sentencesOf("One is 1.5 m long. Two?\n- Three\n\nFour!")).toEqual(["One is 1.5 m long.", "Two?", "- Three", "Four!"]);
  });

  it("says nothing of marks and of lines that only arrange", () => {
    expect(sentencesOf("## Head\n\n**Bold** it is.\n|---|---|\n| 1 | 2 |\n```py\nx = 1\n```")).toEqual(["Head", "Bold it is.", "| 1 | 2 |", "x = 1"]);
  });

  it("puts equal sentences beside each other and marks the words that differ", () => {
    const rows = compare("Paris is the capital. It has 2 million people. The Seine runs through it.", "Paris is the capital. It has 3 million people.");
    expect(rows[0]).toEqual({ left: [{ text: "Paris is the capital.", changed: false }], right: [{ text: "Paris is the capital.", changed: false }] });
    expect(rows[1]?.left?.filter((piece) => piece.changed).map((piece) => piece.text)).toEqual(["2"]);
    expect(rows[1]?.right?.filter((piece) => piece.changed).map((piece) => piece.text)).toEqual(["3"]);
    expect(rows[2]).toEqual({ left: [{ text: "The Seine runs through it.", changed: true }], right: null });
    expect(agreement(rows)).toBeCloseTo(1 / 3);
  });

  it("loses no word of either side", () => {
    const left = "A b c. D e f! G?";
    const right = "A x c. G? H i.";
    const rows = compare(left, right);
    const said = (side: "left" | "right") => rows.flatMap((row) => row[side]?.map((piece) => piece.text) ?? []).join("");
    expect(said("left").replace(/\s/g, "")).toBe(left.replace(/\s/g, ""));
    expect(said("right").replace(/\s/g, "")).toBe(right.replace(/\s/g, ""));
  });

  it("finds equal texts equal, and an empty one all different", () => {
    expect(agreement(compare("Same. Same again.", "same.  Same again."))).toBe(1);
    expect(agreement(compare("", "Something."))).toBe(0);
  });
});
