/** What a conversation is at a moment, and how each thing that is told changes it. Pure: nothing here hears or speaks. */
import type { Heard } from "./protocol";

/** "apart": not begun, or broken off and not to be made again. */
export type Link = "apart" | "connecting" | "open" | "reconnecting" | "ended";

export type Phase = "apart" | "connecting" | "listening" | "hearing" | "thinking" | "speaking" | "paused" | "reconnecting" | "ended";

export interface LiveTurn {
  key: string;
  /** As the server counts it, since the connection was made. */
  number: number;
  question: string;
  answer: string;
  model: string | null;
  /** What is read out, sentence by sentence, and from which millisecond of the turn's sound. */
  sentences: { text: string; from: number }[];
  /** Its sound has all come, or none will. */
  whole: boolean;
  interrupted: { heardMs: number; heardText: string } | null;
  fault: string;
  timings: [string, number][];
}

export interface Conversation {
  link: Link;
  /** Of the connection: turns of an earlier one are not changed by a later one. */
  connection: number;
  chatId: string | null;
  hearModel: string;
  speakModel: string;
  voice: string | null;
  /** Somebody speaks. */
  hearing: boolean;
  /** What will not change of it, and what may. */
  final: string;
  partial: string;
  turns: LiveTurn[];
  /** Whose sound comes out now, and which of its sentences; null in silence. */
  spoken: { turn: number; sentence: string } | null;
  muted: boolean;
  /** Push-to-talk is pushed. */
  held: boolean;
  fault: string;
  /** Why the microphone hears nothing, and what to do. */
  deaf: string;
}

export const fresh: Conversation = {
  link: "apart",
  connection: 0,
  chatId: null,
  hearModel: "",
  speakModel: "",
  voice: null,
  hearing: false,
  final: "",
  partial: "",
  turns: [],
  spoken: null,
  muted: false,
  held: false,
  fault: "",
  deaf: "",
};

const keyOf = (state: Conversation, number: number): string => `${state.connection}:${number}`;

function changeTurn(state: Conversation, number: number, change: (turn: LiveTurn) => Partial<LiveTurn>): Conversation {
  const key = keyOf(state, number);
  return { ...state, turns: state.turns.map((turn) => (turn.key === key ? { ...turn, ...change(turn) } : turn)) };
}

export const turnOf = (state: Conversation, number: number): LiveTurn | undefined => state.turns.find((turn) => turn.key === keyOf(state, number));

/** After what is told. `soundMs`: how much sound of its turn has come before it. */
export function after(state: Conversation, told: Heard, soundMs = 0): Conversation {
  switch (told.type) {
    case "ready":
      return { ...state, link: "open", chatId: told.chat_id, hearModel: told.hear_model, speakModel: told.speak_model, voice: told.voice_id, fault: "" };
    case "speech_started":
      return { ...state, hearing: true };
    case "partial":
      // A partial may begin with what is final already.
      return { ...state, hearing: true, partial: told.text.startsWith(state.final) ? told.text.slice(state.final.length).trim() : told.text };
    case "final":
      return { ...state, final: `${state.final} ${told.text}`.trim(), partial: "" };
    case "turn":
      return {
        ...state,
        hearing: false,
        final: "",
        partial: "",
        fault: "",
        turns: [
          ...state.turns,
          { key: keyOf(state, told.turn), number: told.turn, question: told.text, answer: "", model: null, sentences: [], whole: false, interrupted: null, fault: "", timings: [] },
        ],
      };
    case "answer":
      return changeTurn(state, told.turn, () => ({ model: told.model }));
    case "delta":
      return changeTurn(state, told.turn, (turn) => ({ answer: turn.answer + told.text }));
    case "speaking":
      return changeTurn(state, told.turn, (turn) => ({ sentences: [...turn.sentences, { text: told.text, from: soundMs }] }));
    case "spoken":
      return changeTurn(state, told.turn, () => ({ whole: true }));
    case "interrupted":
      return {
        ...changeTurn(state, told.turn, () => ({ whole: true, interrupted: { heardMs: told.heard_ms, heardText: told.heard_text } })),
        spoken: null,
      };
    case "timings":
      return changeTurn(state, told.turn, () => ({
        timings: Object.entries(told).filter((entry): entry is [string, number] => entry[0] !== "turn" && typeof entry[1] === "number"),
      }));
    case "error": {
      const turn = state.turns.at(-1);
      const open = turn && !turn.whole && turn.key.startsWith(`${state.connection}:`);
      // What fails while a turn is answered is that turn's; the conversation goes on.
      if (open && !told.fatal) return changeTurn(state, turn.number, () => ({ whole: true, fault: told.detail }));
      return { ...state, hearing: false, fault: told.detail };
    }
    case "ended":
      return { ...state, link: "ended", hearing: false, partial: "", spoken: null };
    default:
      return state;
  }
}

/** Nothing of a connection that broke goes on: its last turn has no more sound. */
export function broken(state: Conversation, link: Link): Conversation {
  return {
    ...state,
    link,
    hearing: false,
    held: false,
    partial: "",
    spoken: null,
    turns: state.turns.map((turn) => (turn.whole ? turn : { ...turn, whole: true })),
  };
}

/** The sentence that is heard when so much of a turn was played. */
export function sentenceAt(turn: LiveTurn, ms: number): string {
  return turn.sentences.findLast((sentence) => sentence.from <= ms)?.text ?? "";
}

/** What is going on, in one word. */
export function phaseOf(state: Conversation): Phase {
  if (state.link !== "open") return state.link;
  if (state.spoken) return "speaking";
  if (state.hearing) return "hearing";
  const last = state.turns.at(-1);
  // Between two sentences it is silent for a moment.
  if (last && !last.whole) return last.sentences.length > 0 ? "speaking" : "thinking";
  return state.muted ? "paused" : "listening";
}
