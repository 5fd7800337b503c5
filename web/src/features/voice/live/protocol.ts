/** The wire of a conversation, as `WS /api/voice/realtime` speaks it: JSON for what is told, binary for sound. */

/** Samples a second of what the microphone sends. */
export const MICROPHONE_RATE = 16_000;
/** Samples a second of what is said. */
export const SPOKEN_RATE = 24_000;

/** How a conversation is to be led. */
export interface Choices {
  hear_model: string;
  speak_model: string;
  /** Null: the chat's own. */
  model: string | null;
  voice_id: string | null;
  language: string | null;
  hands_free: boolean;
  end_silence_ms: number;
}

export type Told =
  | ({ type: "start"; session_id: string; format: "pcm16"; rate: number } & Choices)
  | { type: "commit" }
  | { type: "text"; text: string }
  | { type: "interrupt" }
  | { type: "played"; turn: number; ms: number }
  | { type: "end" };

export type Heard =
  | { type: "ready"; session_id: string; chat_id: string; hear_model: string; speak_model: string; voice_id: string | null; rate: number }
  | { type: "speech_started"; at: number }
  | { type: "partial"; text: string }
  | { type: "final"; text: string }
  | { type: "turn"; turn: number; text: string; message_id: string }
  | { type: "answer"; turn: number; message_id: string; model: string | null }
  | { type: "delta"; turn: number; text: string }
  | { type: "speaking"; turn: number; text: string }
  | { type: "spoken"; turn: number; duration_ms: number }
  | { type: "interrupted"; turn: number; heard_ms: number; heard_text: string }
  | ({ type: "timings"; turn: number } & Record<string, unknown>)
  | { type: "error"; type_slug: string; detail: string; fatal: boolean }
  | { type: "ended" };

/** What a text message tells, or null where it is none of ours: a newer server may tell more. */
export function readTold(text: string): Heard | null {
  try {
    const told: unknown = JSON.parse(text);
    return typeof told === "object" && told !== null && typeof (told as { type?: unknown }).type === "string" ? (told as Heard) : null;
  } catch {
    return null;
  }
}

/** A piece of sound: the number of its turn in four bytes, then 16-bit samples, all little-endian. */
export function readSound(message: ArrayBuffer): { turn: number; samples: Float32Array<ArrayBuffer> } | null {
  if (message.byteLength < 6) return null;
  const view = new DataView(message);
  const samples = new Float32Array((message.byteLength - 4) >> 1);
  for (let at = 0; at < samples.length; at++) samples[at] = view.getInt16(4 + at * 2, true) / 32_768;
  return { turn: view.getUint32(0, true), samples };
}
