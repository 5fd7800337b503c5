import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { phaseOf } from "./conversation";
import { fakeMeans } from "./fakes";
import { Talk } from "./talk";

const choices = { hear_model: "auto", speak_model: "auto", model: null, voice_id: null, language: null, hands_free: true, end_silence_ms: 500 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function begun(changes: Partial<typeof choices> = {}, refused = "") {
  const world = fakeMeans(refused);
  const talk = new Talk("s", { ...choices, ...changes }, world.means);
  await talk.start();
  world.socket().ready();
  return { ...world, talk };
}

const sounds = (socket: { sent: unknown[] }) => socket.sent.filter((each) => each instanceof ArrayBuffer).length;

describe("Talk", () => {
  it("tells its choices first, and then what is heard", async () => {
    const { talk, socket, microphone } = await begun({ end_silence_ms: 700 });
    expect(socket().sent[0]).toEqual({ type: "start", session_id: "s", format: "pcm16", rate: 16_000, ...choices, end_silence_ms: 700 });
    microphone.frame(0.5);
    expect(sounds(socket())).toBe(1);
    expect([talk.state.chatId, phaseOf(talk.state)]).toEqual(["c", "listening"]);
  });

  it("sends nothing before it is let in, nor while the microphone is off", async () => {
    const world = fakeMeans();
    const talk = new Talk("s", choices, world.means);
    await talk.start();
    world.microphone.frame(0.5);
    world.socket().ready();
    talk.mute(true);
    world.microphone.frame(0.5);
    expect([sounds(world.socket()), world.microphone.on, phaseOf(talk.state)]).toEqual([0, false, "paused"]);
    talk.mute(false);
    world.microphone.frame(0.5);
    expect([sounds(world.socket()), world.microphone.on]).toEqual([1, true]);
  });

  it("makes a turn of what was said when the microphone goes off, and of nothing when nothing was", async () => {
    const { talk, socket } = await begun();
    talk.mute(true);
    expect(socket().of("commit")).toEqual([]);
    talk.mute(false);
    socket().tell({ type: "speech_started", at: 0 });
    talk.mute(true);
    expect(socket().of("commit")).toHaveLength(1);
  });

  it("sends while held, and a turn when it is let go", async () => {
    const { talk, socket, microphone } = await begun({ hands_free: false });
    microphone.frame(0.5);
    expect(sounds(socket())).toBe(0);
    talk.hold(true);
    microphone.frame(0.5);
    talk.hold(false);
    microphone.frame(0.5);
    expect([sounds(socket()), socket().of("commit").length]).toEqual([1, 1]);
  });

  it("plays what is said, and tells how much of it came out", async () => {
    const { talk, socket, speaker } = await begun();
    socket().tell({ type: "turn", turn: 1, text: "Hello?", message_id: "m" });
    expect(phaseOf(talk.state)).toBe("thinking");
    socket().tell({ type: "speaking", turn: 1, text: "One." });
    socket().say(1, 1);
    socket().tell({ type: "speaking", turn: 1, text: "Two." });
    socket().say(1, 1);
    expect(phaseOf(talk.state)).toBe("speaking");
    const began = speaker.playing[0]!.from;
    speaker.currentTime = began + 0.4;
    vi.advanceTimersByTime(200);
    expect(socket().of("played").at(-1)).toEqual({ type: "played", turn: 1, ms: 400 });
    expect(talk.state.spoken).toEqual({ turn: 1, sentence: "One." });
    speaker.currentTime = began + 1.5;
    vi.advanceTimersByTime(200);
    expect(talk.state.spoken).toEqual({ turn: 1, sentence: "Two." });
    socket().tell({ type: "spoken", turn: 1, duration_ms: 2000 });
    speaker.currentTime = began + 3;
    vi.advanceTimersByTime(200);
    expect(socket().of("played").at(-1)).toEqual({ type: "played", turn: 1, ms: 2000 });
    expect(phaseOf(talk.state)).toBe("listening");
  });

  it("is silent at once when it is interrupted, and tells how much was heard", async () => {
    const { talk, socket, speaker } = await begun();
    socket().tell({ type: "turn", turn: 1, text: "Hello?", message_id: "m" });
    socket().say(1, 2);
    speaker.currentTime = speaker.playing[0]!.from + 0.5;
    vi.advanceTimersByTime(200);
    socket().tell({ type: "interrupted", turn: 1, heard_ms: 500, heard_text: "One" });
    expect(speaker.playing.every((piece) => piece.stopped)).toBe(true);
    expect(socket().of("played").at(-1)).toEqual({ type: "played", turn: 1, ms: 500 });
    expect(phaseOf(talk.state)).toBe("listening");
    socket().say(1, 1);
    expect(speaker.playing).toHaveLength(1);
  });

  it("stops by itself before the server knows, and says first how much was heard", async () => {
    const { talk, socket, speaker } = await begun();
    socket().tell({ type: "turn", turn: 1, text: "Hello?", message_id: "m" });
    socket().say(1, 2);
    speaker.currentTime = speaker.playing[0]!.from + 0.3;
    talk.stop();
    expect(speaker.playing.every((piece) => piece.stopped)).toBe(true);
    expect(socket().sent.slice(-2)).toEqual([{ type: "played", turn: 1, ms: 300 }, { type: "interrupt" }]);
    expect(socket().of("interrupt")).toHaveLength(1);
  });

  it("stops an answer of which no sound has come yet", async () => {
    const { talk, socket } = await begun();
    talk.stop();
    expect(socket().of("interrupt")).toEqual([]);
    socket().tell({ type: "turn", turn: 1, text: "Hello?", message_id: "m" });
    talk.stop();
    expect(socket().of("interrupt")).toHaveLength(1);
  });

  it("connects again when the connection breaks, and keeps what was said", async () => {
    const { talk, socket, sockets, microphone } = await begun();
    socket().tell({ type: "turn", turn: 1, text: "Hello?", message_id: "m" });
    socket().lose(1012);
    expect(phaseOf(talk.state)).toBe("reconnecting");
    vi.advanceTimersByTime(1000);
    expect(sockets).toHaveLength(2);
    socket().ready();
    socket().tell({ type: "turn", turn: 1, text: "And again?", message_id: "n" });
    expect(talk.state.turns.map((turn) => turn.question)).toEqual(["Hello?", "And again?"]);
    microphone.frame(0.5);
    expect(sounds(socket())).toBe(1);
  });

  it("gives up after some tries, says so, and can be begun again", async () => {
    const { talk, socket, sockets, microphone } = await begun();
    while (phaseOf(talk.state) !== "apart") {
      socket().lose();
      vi.advanceTimersByTime(20_000);
    }
    expect(sockets).toHaveLength(7);
    expect(talk.state.fault).toContain("could not be made again");
    expect(microphone.open).toBe(false);
    await talk.start();
    socket().ready();
    expect(phaseOf(talk.state)).toBe("listening");
  });

  it("is not made again where it was refused, or has ended", async () => {
    const refused = await begun();
    refused.socket().lose(1008);
    expect(phaseOf(refused.talk.state)).toBe("apart");
    const ended = await begun();
    ended.talk.end();
    expect(ended.socket().of("end")).toHaveLength(1);
    ended.socket().tell({ type: "ended" });
    expect([phaseOf(ended.talk.state), ended.microphone.open]).toEqual(["ended", false]);
    vi.advanceTimersByTime(60_000);
    expect([refused.sockets.length, ended.sockets.length]).toEqual([1, 1]);
  });

  it("tries again while its own former socket has the session, and says so when another keeps it", async () => {
    const { talk, socket, sockets } = await begun();
    const busy = { type: "error", type_slug: "voice-session-busy", detail: "This session has a socket already.", fatal: true };
    socket().lose();
    vi.advanceTimersByTime(1000);
    socket().open();
    socket().tell(busy);
    socket().lose(1008);
    expect(phaseOf(talk.state)).toBe("reconnecting");
    vi.advanceTimersByTime(2000);
    expect(sockets).toHaveLength(3);
    while (phaseOf(talk.state) !== "apart") {
      socket().open();
      socket().tell(busy);
      socket().lose(1008);
      vi.advanceTimersByTime(20_000);
    }
    expect(talk.state.fault).toBe("This session has a socket already.");
  });

  it("shows that it is there while the microphone is off", async () => {
    const { talk, socket } = await begun();
    talk.mute(true);
    vi.advanceTimersByTime(60_000);
    expect(sounds(socket())).toBeGreaterThan(1);
    expect(socket().sent.filter((each) => each instanceof ArrayBuffer).every((each) => (each as ArrayBuffer).byteLength === 0)).toBe(true);
  });

  it("is over when the server says so, when it closes, and when it says nothing", async () => {
    for (const how of ["told", "closed", "silent"]) {
      const { talk, socket, microphone } = await begun();
      talk.end();
      expect([microphone.open, phaseOf(talk.state)]).toEqual([false, "listening"]);
      if (how === "told") socket().tell({ type: "ended" });
      if (how === "closed") socket().lose(1000);
      if (how === "silent") vi.advanceTimersByTime(30_000);
      expect(phaseOf(talk.state)).toBe("ended");
    }
  });

  it("makes another connection for other choices", async () => {
    const { talk, socket, sockets } = await begun();
    talk.change({ ...choices });
    expect(sockets).toHaveLength(1);
    talk.change({ ...choices, voice_id: "v2" });
    expect(sockets).toHaveLength(2);
    socket().ready();
    expect(socket().sent[0]).toMatchObject({ type: "start", voice_id: "v2" });
  });

  it("goes on without a microphone, by typing", async () => {
    const { talk, socket } = await begun({}, "Not allowed. Allow it.");
    expect([talk.state.deaf, talk.state.muted]).toEqual(["Not allowed. Allow it.", true]);
    talk.type("Hello?");
    expect(socket().of("text")).toEqual([{ type: "text", text: "Hello?" }]);
  });

  it("takes a start of speech without words for a noise", async () => {
    const { talk, socket } = await begun();
    socket().tell({ type: "speech_started", at: 0 });
    expect(phaseOf(talk.state)).toBe("hearing");
    vi.advanceTimersByTime(8000);
    expect(phaseOf(talk.state)).toBe("listening");
  });

  it("says when the microphone has gone", async () => {
    const { talk, microphone } = await begun();
    microphone.lose();
    expect(talk.state.deaf).toContain("microphone has gone");
    expect(phaseOf(talk.state)).toBe("paused");
  });
});
