import { describe, expect, it } from "vitest";
import type { Message } from "@/lib/api/types";
import { applyRunEvent, freshRun, plainText, type RunState, withRun } from "./run-state";

type Event = [number, string, Record<string, unknown>];

const log: Event[] = [
  [1, "started", { model: "small" }],
  [2, "reasoning", { text: "Hm. " }],
  [3, "text", { text: "One " }],
  [4, "text", { text: "two" }],
  [5, "usage", { input_tokens: 3, output_tokens: 2, cost: "0.001" }],
];

const play = (events: Event[], from: RunState = freshRun) => events.reduce((state, [seq, kind, data]) => applyRunEvent(state, seq, kind, data), from);

const message = (change: Partial<Message> = {}): Message => ({
  id: "m",
  parent_id: "q",
  role: "assistant",
  content: [],
  reasoning: "",
  status: "streaming",
  stop_reason: null,
  model: null,
  decision_id: null, run_id: "r",
  input_tokens: null,
  output_tokens: null,
  cost: null,
  first_token_ms: null,
  duration_ms: null,
  error: null,
  created_at: "2026-11-22T00:00:00Z",
  ...change,
});

describe("the state of a run", () => {
  it("adds up text, reasoning and usage", () => {
    expect(play(log)).toMatchObject({ seq: 5, phase: "running", model: "small", text: "One two", reasoning: "Hm. ", inputTokens: 3, outputTokens: 2, cost: "0.001" });
  });

  it("is the same wherever the stream broke and was resumed, also with events told twice", () => {
    for (let cut = 0; cut <= log.length; cut++)
      for (let back = 0; back <= cut; back++) expect(play(log.slice(cut - back), play(log.slice(0, cut)))).toEqual(play(log));
  });

  it("ends with done and takes nothing after it", () => {
    const done = play([...log, [6, "done", { stop_reason: "length", message: message({ status: "complete" }) }]]);
    expect(done).toMatchObject({ phase: "done", stopReason: "length" });
    expect(applyRunEvent(done, 7, "text", { text: "more" })).toBe(done);
  });

  it("ends with the problem when the run failed", () => {
    expect(play([[1, "failed", { slug: "overloaded", title: "Overloaded", detail: "Try again" }]])).toMatchObject({
      phase: "failed",
      failure: { slug: "overloaded", title: "Overloaded", detail: "Try again" },
    });
  });

  it("counts an event of a kind it does not know, so that a resume goes on after it", () => {
    expect(applyRunEvent(freshRun, 1, "weather", {}).seq).toBe(1);
  });

  it("joins the pieces of a tool call by its index", () => {
    const state = play([
      [1, "tool_call", { index: 0, id: "a", name: "add", arguments: '{"x":' }],
      [2, "tool_call", { index: 1, id: "b", name: "sub", arguments: "{}" }],
      [3, "tool_call", { index: 0, arguments: "1}" }],
    ]);
    expect(state.toolCalls).toEqual([
      { index: 0, id: "a", name: "add", arguments: '{"x":1}' },
      { index: 1, id: "b", name: "sub", arguments: "{}" },
    ]);
  });
});

describe("a message with its run", () => {
  it("shows what the server had stored until the log has caught up", () => {
    const stored = message({ content: [{ type: "text", text: "One two" }] });
    expect(plainText(withRun(stored, play(log.slice(0, 3))))).toBe("One two");
    expect(plainText(withRun(stored, play([...log, [6, "text", { text: " three" }]])))).toBe("One two three");
  });

  it("is the stored message once the run is done", () => {
    const final = message({ status: "complete", content: [{ type: "text", text: "One two." }] });
    expect(withRun(message(), play([...log, [6, "done", { stop_reason: "end", message: final }]]))).toBe(final);
  });

  it("keeps what was written before a failure, and says why it failed", () => {
    const failed = withRun(message(), play([...log, [6, "failed", { slug: "cut", title: "Cut", detail: "The stream broke" }]]));
    expect(failed).toMatchObject({ status: "failed", error: { slug: "cut" } });
    expect(plainText(failed)).toBe("One two");
  });
});
