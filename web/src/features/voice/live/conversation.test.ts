import { describe, expect, it } from "vitest";
import { after, broken, type Conversation, fresh, phaseOf, sentenceAt } from "./conversation";
import type { Heard } from "./protocol";

const ready: Heard = { type: "ready", session_id: "s", chat_id: "c", hear_model: "h", speak_model: "k", voice_id: null, rate: 24_000 };
const turn: Heard = { type: "turn", turn: 1, text: "How are you?", message_id: "m" };
const told = (...all: Heard[]): Conversation => all.reduce<Conversation>((state, each) => after(state, each), { ...fresh, link: "connecting", connection: 1 });

describe("a conversation", () => {
  it("goes from hearing to thinking to listening again", () => {
    expect(phaseOf(told())).toBe("connecting");
    expect(phaseOf(told(ready))).toBe("listening");
    expect(phaseOf(told(ready, { type: "speech_started", at: 0 }))).toBe("hearing");
    const asked = told(ready, { type: "partial", text: "How" }, { type: "final", text: "How are you?" }, turn);
    expect(phaseOf(asked)).toBe("thinking");
    expect(phaseOf({ ...asked, spoken: { turn: 1, sentence: "" } })).toBe("speaking");
    expect(phaseOf(after(asked, { type: "spoken", turn: 1, duration_ms: 10 }))).toBe("listening");
    expect(phaseOf({ ...told(ready), muted: true })).toBe("paused");
    expect(phaseOf(after(asked, { type: "ended" }))).toBe("ended");
  });

  it("keeps what will not change, and replaces what may", () => {
    const heard = told(ready, { type: "partial", text: "it was" }, { type: "final", text: "It was" }, { type: "partial", text: "the be" }, { type: "partial", text: "the best" });
    expect([heard.final, heard.partial]).toEqual(["It was", "the best"]);
    expect(after(heard, { type: "partial", text: "It was the best of" }).partial).toBe("the best of");
    const asked = after(heard, turn);
    expect([asked.final, asked.partial, asked.turns.map((each) => each.question)]).toEqual(["", "", ["How are you?"]]);
  });

  it("puts the answer together, and knows the sentence that is heard", () => {
    let state = told(ready, turn, { type: "answer", turn: 1, message_id: "a", model: "m" }, { type: "delta", turn: 1, text: "Well. " }, { type: "delta", turn: 1, text: "And you?" });
    state = after(state, { type: "speaking", turn: 1, text: "Well." }, 0);
    state = after(state, { type: "speaking", turn: 1, text: "And you?" }, 800);
    const live = state.turns[0]!;
    expect([live.answer, live.model]).toEqual(["Well. And you?", "m"]);
    expect([sentenceAt(live, 0), sentenceAt(live, 799), sentenceAt(live, 800)]).toEqual(["Well.", "Well.", "And you?"]);
  });

  it("shows where it was interrupted, and how long things took", () => {
    const state = told(ready, turn, { type: "interrupted", turn: 1, heard_ms: 400, heard_text: "Well" }, { type: "timings", turn: 1, first_audio_ms: 300, note: "x" });
    expect(state.turns[0]).toMatchObject({ interrupted: { heardMs: 400, heardText: "Well" }, timings: [["first_audio_ms", 300]], whole: true });
    expect(phaseOf(state)).toBe("listening");
  });

  it("gives a fault to the turn that it belongs to, and goes on", () => {
    const failed: Heard = { type: "error", type_slug: "upstream", detail: "The voice failed.", fatal: false };
    const state = told(ready, turn, failed);
    expect([state.turns[0]!.fault, state.fault, phaseOf(state)]).toEqual(["The voice failed.", "", "listening"]);
    expect(told(ready, failed).fault).toBe("The voice failed.");
  });

  it("keeps what was said when the connection breaks, and does not mix up turns of the same number", () => {
    const lost = broken(told(ready, turn, { type: "delta", turn: 1, text: "Well" }), "reconnecting");
    expect(phaseOf(lost)).toBe("reconnecting");
    const again = [ready, { ...turn, text: "Again?" }, { type: "delta", turn: 1, text: "Yes" } as const].reduce<Conversation>((state, each) => after(state, each as Heard), { ...lost, connection: 2 });
    expect(again.turns.map((each) => [each.question, each.answer])).toEqual([
      ["How are you?", "Well"],
      ["Again?", "Yes"],
    ]);
  });
});
