import { expect, test } from "vitest";
import { applied, nothingYet } from "./progress";
import { gateText, noteText, outcome, percent, strategyName } from "./words";

test("a merge is told by what it came to", () => {
  expect(outcome({ status: "completed", decision: "decided" })).toEqual({ text: "Done", tone: "good" });
  expect(outcome({ status: "partial", decision: "decided" })).toEqual({ text: "Done, in part", tone: "warn" });
  expect(outcome({ status: "completed", decision: "no_consensus" })).toEqual({ text: "No consensus", tone: "warn" });
  expect(outcome({ status: "running", decision: null })).toEqual({ text: "Under way", tone: "accent" });
  expect(outcome({ status: "failed", decision: "no_answers" })).toEqual({ text: "Failed", tone: "danger" });
});

test("what has no words of its own is shown as it is", () => {
  expect(strategyName("best_of")).toBe("Best of");
  expect(strategyName("new")).toBe("new");
  expect(gateText("new")).toBe("new");
  expect(noteText("new")).toBe("new");
  expect(percent(0.126)).toBe("13%");
});

test("a run's events add up", () => {
  let state = applied(nothingYet, "asked", { models: ["a", "b"] });
  state = applied(state, "answer", { position: 1, model: "b", latency_ms: 5 });
  state = applied(state, "answer_failed", { position: 0, model: "a", latency_ms: null });
  for (const text of ["It ", "is."]) state = applied(state, "text", { text });
  state = applied(applied(state, "round", { round: 2 }), "unknown", {});
  expect(state.came.map((one) => [one.position, one.failed])).toEqual([
    [1, false],
    [0, true],
  ]);
  expect([state.text, state.rounds, state.models.length]).toEqual(["It is.", 2, 2]);
});
