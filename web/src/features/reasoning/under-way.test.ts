import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { applied, nothing, throttled, type UnderWay } from "./under-way";

const fold = (...events: [string, Record<string, unknown>][]): readonly UnderWay[] => events.reduce<readonly UnderWay[]>((state, [event, data]) => applied(state, event, data), nothing);

test("what has begun is under way until it ends", () => {
  const begun = fold(["call_begun", { call_id: "1", model: "big", node_id: "n1" }], ["call_begun", { call_id: "2", model: "small", node_id: "n2" }], ["tool_begun", { call_id: "3", tool: "calculator", node_id: "n2" }]);
  expect(begun.map((one) => [one.kind, one.name, one.node])).toEqual([
    ["call", "big", "n1"],
    ["call", "small", "n2"],
    ["tool", "calculator", "n2"],
  ]);
  expect(applied(begun, "call_ended", { call_id: "1" }).map((one) => one.name)).toEqual(["small", "calculator"]);
  expect(applied(begun, "tool_ended", { call_id: "3" }).map((one) => one.name)).toEqual(["big", "small"]);
});

test("calls are told by their key, tools by what was called", () => {
  const begun = fold(["call_begun", { key: "n1/r1", model: "big", node_id: "n1" }], ["call_begun", { key: "n1/d1", model: "big", node_id: "n1" }], ["tool_begun", { call_id: "3", tool: "calculator", node_id: "n1" }]);
  expect(begun).toHaveLength(3);
  expect(fold(["call_begun", { key: "n1/r1", model: "big" }], ["call_ended", { key: "n1/r1", model: "big", text: "12" }])).toEqual([]);
  expect(applied(begun, "tool_ended", { node_id: "n1", used: { call_id: "3", error: null } }).map((one) => one.kind)).toEqual(["call", "call"]);
});

test("a call that has no id is told by its model and its node", () => {
  const begun = fold(["call_begun", { model: "big", node_id: "n1" }], ["call_begun", { model: "big", node_id: "n2" }]);
  expect(applied(begun, "call_ended", { model: "big", node_id: "n1" }).map((one) => one.node)).toEqual(["n2"]);
});

test("nothing of a node that ended, of a session that ended or of one that began anew is under way", () => {
  const begun = fold(["call_begun", { call_id: "1", model: "big", node_id: "n1" }], ["call_begun", { call_id: "2", model: "big" }]);
  expect(applied(begun, "node_ended", { node_id: "n1" }).map((one) => one.key)).toEqual(["call/2"]);
  for (const event of ["ended", "paused", "started"]) expect(applied(begun, event, {})).toEqual([]);
  expect(applied(begun, "unknown", {})).toBe(begun);
});

test("an event that is told twice counts once", () => {
  expect(fold(["call_begun", { call_id: "1", model: "big" }], ["call_begun", { call_id: "1", model: "big" }])).toHaveLength(1);
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("many questions in a moment are two: at its beginning and at its end", () => {
  const run = vi.fn();
  const { ask, stop } = throttled(run, 300);
  for (let n = 0; n < 50; n++) ask();
  expect(run).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(299);
  expect(run).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(run).toHaveBeenCalledTimes(2);
  vi.advanceTimersByTime(1000);
  expect(run).toHaveBeenCalledTimes(2);
  ask();
  expect(run).toHaveBeenCalledTimes(3);
  ask();
  stop();
  vi.advanceTimersByTime(1000);
  expect(run).toHaveBeenCalledTimes(3);
});
