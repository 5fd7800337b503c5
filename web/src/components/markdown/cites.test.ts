import { describe, expect, it } from "vitest";
import { remarkCites, sourceOf } from "./cites";

const text = (value: string) => ({ type: "text", value });
const link = (n: number) => ({ type: "link", url: `#source-${n}`, children: [text(`[${n}]`)] });

function cited(children: object[], count = 3): object[] {
  const tree = { type: "root", children: [{ type: "paragraph", children }] };
  remarkCites(count)(tree as never);
  return (tree.children[0] as { children: object[] }).children;
}

describe("citations in an answer", () => {
  it("become links where the answer has that source", () => {
    expect(cited([text("Bees [1] sleep [3].")])).toEqual([text("Bees "), link(1), text(" sleep "), link(3), text(".")]);
    expect(cited([text("[1][2]")])).toEqual([link(1), link(2)]);
    expect(cited([text("So it is [1, 2]")])).toEqual([text("So it is "), link(1), link(2)]);
  });

  it("stay words where there is no such source", () => {
    expect(cited([text("In [4], [0] and [2026] nothing, [1, 9] neither.")])).toEqual([text("In [4], [0] and [2026] nothing, [1, 9] neither.")]);
    expect(cited([text("Bees [1]")], 0)).toEqual([text("Bees [1]")]);
  });

  it("are found in what is emphasised, and left alone in code and in links", () => {
    const code = { type: "inlineCode", value: "list[1]" };
    const other = { type: "link", url: "https://example.com", children: [text("see [1]")] };
    expect(cited([code, other, { type: "strong", children: [text("so [2]")] }])).toEqual([code, other, { type: "strong", children: [text("so "), link(2)] }]);
  });

  it("lead to the source, whatever the answer defines [1] to be", () => {
    expect(cited([{ type: "linkReference", label: "1", children: [text("1")] }])).toEqual([link(1)]);
    const named = { type: "linkReference", label: "here", children: [text("here")] };
    expect(cited([named])).toEqual([named]);
  });

  it("are told from other links", () => {
    expect([sourceOf("#source-2"), sourceOf("https://example.com/#source-2"), sourceOf(undefined)]).toEqual([2, null, null]);
  });
});
