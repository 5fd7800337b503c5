/** What the events of a run add up to. Pure, so that a reload and a live view end with the same text. */
import type { Failure, Message } from "@/lib/api/types";

export interface ToolCall {
  index: number;
  id: string;
  name: string;
  arguments: string;
}

export interface RunState {
  /** Sequence number of the last event applied; where to resume. */
  seq: number;
  phase: "running" | "done" | "failed";
  model: string | null;
  text: string;
  reasoning: string;
  toolCalls: ToolCall[];
  inputTokens: number | null;
  outputTokens: number | null;
  cost: string | null;
  stopReason: string | null;
  message: Message | null;
  failure: Failure | null;
}

export const freshRun: RunState = {
  seq: 0,
  phase: "running",
  model: null,
  text: "",
  reasoning: "",
  toolCalls: [],
  inputTokens: null,
  outputTokens: null,
  cost: null,
  stopReason: null,
  message: null,
  failure: null,
};

type Data = Record<string, unknown>;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const count = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** Applies event number `seq`. An event that was applied before changes nothing, so replays are harmless. */
export function applyRunEvent(state: RunState, seq: number, kind: string, data: Data): RunState {
  if (seq <= state.seq || state.phase !== "running") return state;
  const next = { ...state, seq };
  switch (kind) {
    case "started":
      return { ...next, model: text(data.model) || state.model };
    case "text":
      return { ...next, text: state.text + text(data.text) };
    case "reasoning":
      return { ...next, reasoning: state.reasoning + text(data.text) };
    case "tool_call":
      return { ...next, toolCalls: addToolCall(state.toolCalls, data) };
    case "usage":
      return {
        ...next,
        inputTokens: count(data.input_tokens) ?? state.inputTokens,
        outputTokens: count(data.output_tokens) ?? state.outputTokens,
        cost: data.cost === null || data.cost === undefined ? state.cost : String(data.cost),
      };
    case "done":
      return {
        ...next,
        phase: "done",
        stopReason: text(data.stop_reason) || null,
        message: (data.message as Message | undefined) ?? null,
      };
    case "failed":
      return {
        ...next,
        phase: "failed",
        failure: { slug: text(data.slug), title: text(data.title), detail: text(data.detail), next_best: (data.next_best as Failure["next_best"]) ?? null },
        message: (data.message as Message | undefined) ?? null,
      };
    default:
      // A newer server may send kinds that this page does not know; their number still counts.
      return next;
  }
}

function addToolCall(calls: ToolCall[], data: Data): ToolCall[] {
  const index = count(data.index) ?? calls.length;
  const known = calls.find((call) => call.index === index);
  if (!known)
    return [...calls, { index, id: text(data.id), name: text(data.name), arguments: text(data.arguments) }];
  const merged = { ...known, name: known.name || text(data.name), arguments: known.arguments + text(data.arguments) };
  return calls.map((call) => (call === known ? merged : call));
}

/** The message as it should be shown while its run goes on, or once it has ended. */
export function withRun(message: Message, run: RunState | null): Message {
  if (!run) return message;
  if (run.message && run.message.id === message.id) return run.message;
  const stored = plainText(message);
  // What the server had stored is a beginning of what the log tells; show the longer of the two.
  const body = run.text.length >= stored.length ? run.text : stored;
  return {
    ...message,
    content: body ? [{ type: "text", text: body }] : message.content.filter((part) => part.type !== "text"),
    reasoning: run.reasoning.length >= message.reasoning.length ? run.reasoning : message.reasoning,
    model: run.model ?? message.model,
    input_tokens: run.inputTokens ?? message.input_tokens,
    output_tokens: run.outputTokens ?? message.output_tokens,
    cost: run.cost ?? message.cost,
    stop_reason: run.stopReason ?? message.stop_reason,
    error: run.failure ?? message.error,
    status: run.phase === "failed" ? "failed" : run.phase === "done" ? doneStatus(run) : message.status,
  };
}

function doneStatus(run: RunState): Message["status"] {
  return run.stopReason === "stopped" || run.stopReason === "cancelled" ? "stopped" : "complete";
}

export function plainText(message: Message): string {
  return message.content.reduce((all, part) => (part.type === "text" ? all + part.text : all), "");
}
