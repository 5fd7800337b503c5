import { expect, test } from "vitest";
import * as Y from "yjs";
import { ownWords, rewrite, splice } from "@/lib/rooms";
import { brief, facts, sourceOf, spansOf } from "./provenance";

const textOf = (): Y.Text => {
  const text = new Y.Doc().getText("t");
  text.insert(0, "from a model", { src: "p1" });
  return text;
};

test("what is typed into a model's words is not the model's", () => {
  const text = ownWords(textOf());
  text.insert(4, "XX");
  text.insert(text.length, " and me");
  expect(spansOf(text)).toEqual([
    { from: 0, to: 4, src: "p1" },
    { from: 6, to: 14, src: "p1" },
  ]);
});

test("neighbours of one source are one span, others are not", () => {
  const text = textOf();
  text.insert(text.length, "!", { src: "p1" });
  text.insert(text.length, "?", { src: "p2" });
  expect(spansOf(text)).toEqual([
    { from: 0, to: 13, src: "p1" },
    { from: 13, to: 14, src: "p2" },
  ]);
});

test("rewriting exchanges the difference alone, and no half of a character", () => {
  const text = textOf();
  rewrite(text, "from the model");
  expect(text.toString()).toBe("from the model");
  expect(spansOf(text)[0]).toEqual({ from: 0, to: 5, src: "p1" });
  const faces = new Y.Doc().getText("t");
  faces.insert(0, "a😀b");
  rewrite(faces, "a😁b");
  expect(faces.toString()).toBe("a😁b");
  splice(faces, 0, 1, "");
  expect(faces.toString()).toBe("😁b");
});

test("a source is told in words, and what has not its type is left out", () => {
  const source = sourceOf({ kind: "merge", model: "gpt-4o", strategy: "consensus", cost_nano: 1_200_000, prompt: 7, at: "never", evil: "x" });
  expect(source).toEqual({ kind: "merge", model: "gpt-4o", strategy: "consensus", cost_nano: 1_200_000, at: "never" });
  expect(brief(source!)).toBe("gpt-4o · merged · consensus · $0.0012");
  expect(facts(source!)).toEqual([
    ["Model", "gpt-4o"],
    ["From", "merged"],
    ["Strategy", "consensus"],
    ["Cost", "$0.0012"],
  ]);
  expect(sourceOf("x")).toBeNull();
  expect(brief({})).toBe("a source that is not known here");
});
