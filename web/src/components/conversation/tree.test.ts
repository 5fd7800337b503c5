import { describe, expect, it } from "vitest";
import type { Message } from "@/lib/api/types";
import { buildTree, mergeMessages, newestLeaf, pathTo, siblingsOf } from "./tree";

const message = (id: string, parent_id: string | null, text = ""): Message => ({
  id,
  parent_id,
  role: id.startsWith("q") ? "user" : "assistant",
  content: text ? [{ type: "text", text }] : [],
  reasoning: "",
  status: "complete",
  stop_reason: null,
  model: null,
  run_id: null, decision_id: null,
  input_tokens: null,
  output_tokens: null,
  cost: null,
  first_token_ms: null,
  duration_ms: null,
  error: null,
  created_at: "2026-11-22T00:00:00Z",
});

// q1 ─ a1 ─ q2 ─ a2        q1 was edited into q1b; a1 was asked again as a1b.
const messages = [message("q1", null), message("a1", "q1"), message("q2", "a1"), message("a2", "q2"), message("a1b", "q1"), message("q1b", null), message("ab", "q1b")];
const tree = buildTree(messages);
const ids = (path: Message[]) => path.map((item) => item.id);

describe("a chat's tree", () => {
  it("shows the branch that ends with the chosen leaf", () => {
    expect(ids(pathTo(tree, "a2"))).toEqual(["q1", "a1", "q2", "a2"]);
    expect(ids(pathTo(tree, "a1b"))).toEqual(["q1", "a1b"]);
  });

  it("shows the newest branch where no leaf is known", () => {
    expect(ids(pathTo(tree, null))).toEqual(["q1b", "ab"]);
    expect(ids(pathTo(tree, "gone"))).toEqual(["q1b", "ab"]);
    expect(pathTo(buildTree([]), null)).toEqual([]);
  });

  it("knows the alternatives beside a message, roots among them", () => {
    expect(siblingsOf(tree, tree.byId.get("a1b")!)).toEqual({ index: 1, ids: ["a1", "a1b"] });
    expect(siblingsOf(tree, tree.byId.get("q1")!)).toEqual({ index: 0, ids: ["q1", "q1b"] });
    expect(siblingsOf(tree, tree.byId.get("q2")!)).toEqual({ index: 0, ids: ["q2"] });
  });

  it("turns to the newest leaf below an alternative", () => {
    expect(newestLeaf(tree, "a1")).toBe("a2");
    expect(newestLeaf(tree, "q1")).toBe("a1b");
  });

  it("keeps a message whose parent is not there, and ends where parents form a ring", () => {
    expect(ids(pathTo(buildTree([message("x", "nowhere")]), "x"))).toEqual(["x"]);
    const ring = buildTree([message("a", "b"), message("b", "a")]);
    expect(pathTo(ring, "a")).toHaveLength(2);
    expect(newestLeaf(ring, "a")).toBe("b");
  });
});

describe("merging messages", () => {
  it("replaces by id in place and adds what is new at the end", () => {
    const merged = mergeMessages(messages, [message("a1", "q1", "new"), message("q3", "a2")]);
    expect(ids(merged)).toEqual([...ids(messages), "q3"]);
    expect(merged[1]?.content).toEqual([{ type: "text", text: "new" }]);
  });
});
