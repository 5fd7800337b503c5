import { expect, test } from "vitest";
import type { Node, NodeState, Session } from "./types";
import { changed, countsBy, defaults, examples, howSure, outcome, restsOn, used } from "./words";

const node = (id: string, state: NodeState, verifiers: string[] = []): Node => ({
  id, question: "?", depends_on: [], difficulty: "medium", tools: [], model: null, state, answer: "1", confidence: null, basis: null, verifiers, attempts: 1, error: null, cost: "0",
});
const said = (...nodes: Node[]) => howSure({ nodes, solution_found: true, basis: null, status: "completed" });

test("what is proven and what is not is counted and named", () => {
  expect(said(node("n1", "verified"), node("n2", "verified"), node("n3", "answered"), node("n4", "verified"))).toBe("3 of 4 steps verified; step n3 rests on the model’s word.");
  expect(said(node("n1", "verified"), node("n2", "verified"))).toBe("All 2 steps are verified.");
  expect(said(node("n1", "verified"))).toBe("The one step is verified.");
  expect(said(node("a", "answered"), node("b", "answered"), node("c", "failed"), node("d", "skipped"), node("e", "pending"))).toBe(
    "0 of 5 steps verified; steps a and b rest on the model’s word; step c failed; step d was left out; 1 step not done.",
  );
});

test("an end without a solution is not called solved", () => {
  expect(outcome({ status: "completed", solution_found: true }).text).toBe("Solved");
  expect(outcome({ status: "completed", solution_found: false })).toEqual({ text: "Answered, not proven", tone: "warn" });
  expect(outcome({ status: "partial", solution_found: false }).tone).toBe("warn");
});

test("a verified step names its verifiers, and one that is not says so", () => {
  expect(restsOn(node("a", "verified", ["recomputed", "units"]))).toBe("Verified by recomputing the question exactly and units");
  expect(restsOn(node("a", "verified", ["new"]))).toBe("Verified by new");
  expect(restsOn(node("a", "answered"))).toContain("model’s word");
});

test("only what was changed is told of the options", () => {
  expect(changed(defaults)).toEqual([]);
  expect(changed({ ...defaults, strategy: "vote", tools: [], review_plan: true, budget: { ...defaults.budget, cost: "0.50", seconds: null } })).toEqual(["Vote", "no tools", "plan first", "at most $0.50", "any time"]);
  expect(changed({ ...defaults, model: "gpt-4o" })).toEqual(["gpt-4o"]);
  for (const one of examples) expect(changed({ ...defaults, ...one.options }).length).toBeGreaterThan(0);
});

test("what was used of a budget is a share, and a budget of nothing is used up", () => {
  const session: Pick<Session, "options" | "total_tokens" | "total_cost" | "total_steps"> = {
    options: { ...defaults, budget: { tokens: 1000, cost: "0", seconds: null, steps: 4 } },
    total_tokens: 250,
    total_cost: "0",
    total_steps: 8,
  };
  expect(used(session, 10)).toEqual([
    { name: "tokens", share: 0.25 },
    { name: "cost", share: 1 },
    { name: "steps", share: 1 },
  ]);
});

test("a solution that is not verified as a whole says what it counts by", () => {
  const session = { solution_found: true, nodes: [node("a", "verified")], confidence: 0.9, options: defaults };
  expect(countsBy(session)).toContain("Each step is verified");
  expect(countsBy({ ...session, nodes: [node("a", "answered")] })).toContain("reaches the bar of 80%");
  expect(countsBy({ ...session, solution_found: false })).toContain("not proven");
});
