import { expect, test } from "vitest";
import { doing, drawn, PLAN, SOLUTION, solutionState } from "./drawing";
import type { Node, NodeState, Session, Step, Verdict } from "./types";
import { defaults } from "./words";

const node = (id: string, state: NodeState, answer: string | null = null, ...depends_on: string[]): Node => ({
  id, question: `What is ${id}?`, depends_on, difficulty: "easy", tools: [], model: null, state, answer, confidence: 0.9, basis: null, verifiers: ["recomputed"], attempts: 1, error: null, cost: "0",
});
const step = (node_id: string | null, verdict: Verdict | null): Step => ({
  id: "1", step_number: 1, step_type: verdict ? "verify" : "synthesize", node_id, attempt: 1, description: "", reasoning: null, result: null, confidence: null, self_confidence: null, verifier: null, verdict, evidence: [], tool_calls: [],
  model_used: null, input_tokens: 0, output_tokens: 0, tokens_used: 0, cost: "0", duration_ms: 0, error: null, created_at: "",
});
const session = (part: Partial<Session>): Session => ({
  id: "s", problem_summary: "?", domain: "general", strategy: null, complexity: null, status: "completed", solution_found: true, avg_confidence: null, total_steps: 0, total_tokens: 0, total_cost: "0", created_at: "", completed_at: null,
  problem: "?", options: defaults, solution: "It is 12.", answer: "12", confidence: 0.9, basis: null, notes: [], error: null, good: null, nodes: [], plan_revision: 0, constraints: [], asks: [], steps: [], last_event: 0, ...part,
});

test("a solution is proven by its own verifier or by being a verified step’s answer, and by nothing else", () => {
  expect(solutionState(session({ steps: [step(null, null), step(null, "confirmed")] }))).toBe("verified");
  expect(solutionState(session({ steps: [step("n1", "confirmed"), step(null, "inconclusive")], nodes: [node("n1", "verified", "11")] }))).toBe("answered");
  expect(solutionState(session({ nodes: [node("n1", "answered", "11"), node("n2", "verified", "12 ", "n1")] }))).toBe("verified");
  // In the middle it proves nothing of the end.
  expect(solutionState(session({ nodes: [node("n1", "verified", "12"), node("n2", "answered", "12", "n1")] }))).toBe("answered");
  expect(solutionState(session({ steps: [step(null, "refuted")], nodes: [node("n1", "verified", "12")] }))).toBe("answered");
  expect(solutionState(session({ solution_found: false, steps: [step(null, "confirmed")] }))).toBe("answered");
});

test("without a solution the end says why there is none", () => {
  const none = { solution: null, answer: null, solution_found: false };
  expect(solutionState(session({ ...none, status: "failed" }))).toBe("failed");
  expect(solutionState(session({ ...none, status: "cancelled" }))).toBe("skipped");
  expect(solutionState(session({ ...none, status: "running", nodes: [node("n1", "verified", "1")] }))).toBe("running");
  expect(solutionState(session({ ...none, status: "running", nodes: [node("n1", "running")] }))).toBe("pending");
});

test("the graph leads from the plan to the solution, and a node says what happens there", () => {
  const all = drawn(session({ status: "running", solution: null, answer: null, nodes: [node("n1", "verified", "1"), node("n2", "running", null, "n1", "gone")] }), [{ key: "1", kind: "tool", name: "calculator", node: "n2" }]);
  expect(all.map((one) => [one.id, one.before.map((other) => other.id)])).toEqual([
    [PLAN, []],
    ["n1", [PLAN]],
    ["n2", ["n1"]],
    [SOLUTION, ["n2"]],
  ]);
  expect(all.map((one) => one.note)).toEqual(["", "90%, by recomputing the question exactly", "running calculator", ""]);
  expect(all[0]!.state).toBe("made");
});

test("before there is a plan, it is the plan that is under way", () => {
  const all = drawn(session({ status: "running", solution: null, answer: null }), [{ key: "1", kind: "call", name: "big", node: null }]);
  expect(all.map((one) => [one.id, one.state, one.note])).toEqual([
    [PLAN, "running", "asking big"],
    [SOLUTION, "pending", ""],
  ]);
  expect(doing([])).toBe("");
  expect(doing([{ key: "1", kind: "call", name: "big", node: null }, { key: "2", kind: "call", name: "small", node: null }])).toBe("asking big and 1 more");
});
