import { describe, expect, it } from "vitest";
import { excerpt, pagesOf, placeOf } from "@/lib/documents";
import { doing, failure, kindOf, notNewer, propertiesOf, reason, spanOf, written } from "./words";

describe("a passage around its quote", () => {
  const passage = { start: 100, text: "Bees sleep. They dream of clover. Then they wake." };

  it("is cut where the document's characters say", () => {
    expect(excerpt(passage, { start: 112, end: 133 })).toEqual(["Bees sleep. ", "They dream of clover.", " Then they wake."]);
    expect(excerpt(passage, { start: 112, end: 133 }, 5)).toEqual(["…eep. ", "They dream of clover.", " Then…"]);
  });

  it("counts characters, not halves of them", () => {
    expect(excerpt({ start: 0, text: "🐝🐝 hum 🐝" }, { start: 3, end: 6 })).toEqual(["🐝🐝 ", "hum", " 🐝"]);
  });

  it("holds no more than there is, and marks nothing without a quote", () => {
    expect(excerpt(passage, { start: 0, end: 9999 })).toEqual(["", passage.text, ""]);
    expect(excerpt(passage, null)).toEqual(["", "", passage.text]);
  });
});

describe("words about documents", () => {
  it("name pages and places", () => {
    expect([pagesOf({ first_page: 3, last_page: 3 }), pagesOf({ first_page: 3, last_page: 5 }), pagesOf({ first_page: null, last_page: null })]).toEqual(["page 3", "pages 3 to 5", ""]);
    expect(placeOf({ id: "d", base_id: "b" }, { start: 12, end: 20 })).toBe("/documents/b/d?at=12-20");
    expect([spanOf("12-20"), spanOf("20-12"), spanOf("x"), spanOf(null)]).toEqual([{ start: 12, end: 20 }, null, null, null]);
  });

  it("say how far a document is and what to do when it failed", () => {
    const state = { progress: 0.4, embedded: 3, passages: 1200 };
    expect(doing({ ...state, state: "reading" })).toBe("Being read, 40 %");
    expect(doing({ ...state, state: "embedding" })).toContain("3 of 1,200 passages");
    expect(doing({ ...state, state: "ready" })).toBe("");
    expect(failure({ type: "broken-document", title: "Broken", detail: "it cannot be read as pdf" })).toContain("save it anew and add it again.");
    expect(failure({ type: "cancelled", title: "Cancelled", detail: "reading it was stopped; retry it to go on" })).toBe("Reading it was stopped; retry it to go on.");
  });

  it("say why a passage was found", () => {
    expect(reason({ kind: "words", detail: "bees, clover" })).toBe("the same words (bees, clover)");
    expect(reason({ kind: "meaning", detail: "0.61" })).toBe("a like meaning (61 % alike)");
    expect(reason({ kind: "nearby", detail: "x" })).toBe("what stands around it");
  });

  it("show what is kept with a document, and change only what was touched", () => {
    const before = { author: "Ada", year: 1843, tags: ["a", "b"] };
    const rows = propertiesOf(before);
    expect(rows.map(({ value }) => value)).toEqual(["Ada", "1843", '["a","b"]']);
    expect(written([...rows, { name: " ", value: "lost" }], before)).toEqual(before);
    expect(written([{ name: "year", value: "1844" }, { name: " place ", value: "" }], before)).toEqual({ year: "1844", place: "" });
  });

  it("know kinds of files, and what is no newer version of what", () => {
    expect(["application/pdf", "text/markdown", "text/plain", "image/png", "application/octet-stream"].map(kindOf)).toEqual(["PDF", "Markdown", "Text", "Picture", "File"]);
    expect(notNewer({ name: "Plan.PDF" }, { name: "plan-2.pdf" })).toBeNull();
    expect(notNewer({ name: "plan.pdf" }, { name: "plan.docx" })).toContain("(.pdf)");
    expect(notNewer({ name: "notes" }, { name: "plan.docx" })).toContain("a document of its own");
  });
});
