import type { Message } from "@/lib/api/types";
import type { Question } from "./composer";

/** A question as it is shown before the server has it. */
export function ghost(question: Question): Message {
  return {
    id: "pending",
    parent_id: null,
    role: "user",
    content: [
      ...question.images.map((image) => ({ type: "image" as const, ...image })),
      ...(question.text ? [{ type: "text" as const, text: question.text }] : []),
    ],
    reasoning: "",
    status: "complete",
    stop_reason: null,
    model: null,
    run_id: null,
    decision_id: null,
    input_tokens: null,
    output_tokens: null,
    cost: null,
    first_token_ms: null,
    duration_ms: null,
    error: null,
    created_at: new Date().toISOString(),
  };
}

/** crypto.randomUUID exists only on HTTPS and localhost; this page also runs on a LAN. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
