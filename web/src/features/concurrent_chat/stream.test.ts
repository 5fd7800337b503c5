import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SessionStream } from "./stream";
import type { PaneSession } from "./types";

const event = (id: string, name: string, data: unknown) => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
const text = (id: string, run: string, seq: number, words: string) => event(id, "run", { pane_id: "p", run_id: run, seq, kind: "text", data: { text: words } });

/** Answers each connection with the next of `bodies`; tells which positions were asked for. */
function serve(bodies: (string | number)[]): (string | null)[] {
  const asked: (string | null)[] = [];
  vi.stubGlobal("fetch", async (url: string, { signal }: { signal?: AbortSignal }) => {
    asked.push(new URL(url, "http://localhost").searchParams.get("after"));
    const body = bodies.shift();
    if (typeof body === "number") return new Response("{}", { status: body });
    if (body !== undefined) return new Response(body);
    return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new DOMException("left", "AbortError"))));
  });
  return asked;
}

describe("the stream of a session", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("window", new EventTarget());
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("goes on where it broke, and an event that comes twice counts once", async () => {
    const asked = serve([
      event("a", "session", { id: "s" }) + text("b", "r1", 1, "One ") + text("c", "r2", 1, "Uno ") + "id: d\nevent: run\ndata: {half",
      text("c", "r2", 1, "Uno ") + text("e", "r1", 2, "two.") + text("f", "r2", 2, "due."),
    ]);
    const stream = new SessionStream("s");
    const sessions: PaneSession[] = [];
    const connections: boolean[] = [];
    const leave = stream.open({ onSession: (session) => sessions.push(session), onConnection: (up) => connections.push(up), onGone: () => undefined });
    await vi.advanceTimersByTimeAsync(15_000);
    expect(asked).toEqual([null, "c", "f"]);
    expect(stream.feedOf("r1").snapshot().state.text).toBe("One two.");
    expect(stream.feedOf("r2").snapshot().state.text).toBe("Uno due.");
    expect(sessions).toEqual([{ id: "s" }]);
    expect(connections.slice(0, 3)).toEqual([true, false, true]);
    leave();
  });

  it("says so when the session is gone, and asks no more", async () => {
    const asked = serve([404]);
    const gone = vi.fn();
    new SessionStream("s").open({ onSession: () => undefined, onConnection: () => undefined, onGone: gone });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(gone).toHaveBeenCalledOnce();
    expect(asked).toHaveLength(1);
  });

  it("tells a view at most 18 times a second, and the end at once", async () => {
    let body = "";
    for (let seq = 1; seq <= 50; seq++) body += text(String(seq), "r", seq, "w ");
    serve([body + event("51", "run", { pane_id: "p", run_id: "r", seq: 51, kind: "done", data: { stop_reason: "end" } })]);
    const stream = new SessionStream("s");
    const told = vi.fn();
    const ended = vi.fn();
    stream.feedOf("r").subscribe(told);
    stream.feedOf("r").onEnd(ended);
    const leave = stream.open({ onSession: () => undefined, onConnection: () => undefined, onGone: () => undefined });
    await vi.advanceTimersByTimeAsync(100);
    expect(ended).toHaveBeenCalledOnce();
    expect(told.mock.calls.length).toBeLessThanOrEqual(3);
    expect(stream.feedOf("r").snapshot().state.text).toBe("w ".repeat(50));
    leave();
  });
});
