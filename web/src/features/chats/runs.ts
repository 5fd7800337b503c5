/** Follows runs of the server: one connection a run, shared by every view, resumed where it broke. */
import { useEffect, useSyncExternalStore } from "react";
import { ApiProblem, api } from "@/lib/api/client";
import { backoff, readEvents } from "@/lib/sse";
import { applyRunEvent, freshRun, type RunState } from "./run-state";

export interface Followed {
  state: RunState;
  /** The connection broke and is being made again. */
  reconnecting: boolean;
}

/** A view is told at most this often; parsing markdown is the cost (research: 15 to 20 Hz). */
const FLUSH_MS = 55;

class Follower {
  private state = freshRun;
  private reconnecting = false;
  private shown: Followed = { state: freshRun, reconnecting: false };
  private listeners = new Set<() => void>();
  private endings = new Set<(state: RunState) => void>();
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private wake: (() => void) | null = null;

  constructor(private readonly runId: string) {}

  snapshot = (): Followed => this.shown;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (!this.abort && this.state.phase === "running") void this.follow();
    return () => {
      this.listeners.delete(listener);
      // Nobody looks: free the connection. The state stays, so a return resumes after its last event.
      setTimeout(() => {
        if (this.listeners.size === 0) this.abort?.abort();
      }, 250);
    };
  };

  onEnd(listener: (state: RunState) => void): () => void {
    this.endings.add(listener);
    if (this.state.phase !== "running") listener(this.state);
    return () => this.endings.delete(listener);
  }

  private publish(now = false): void {
    if (now) {
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
      this.shown = { state: this.state, reconnecting: this.reconnecting };
      for (const listener of this.listeners) listener();
    } else this.timer ??= setTimeout(() => this.publish(true), FLUSH_MS);
  }

  private async follow(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    const retryNow = () => this.wake?.();
    window.addEventListener("online", retryNow);
    let attempt = 0;
    try {
      while (!abort.signal.aborted && this.state.phase === "running") {
        const before = this.state.seq;
        try {
          await this.connect(abort.signal);
        } catch (error) {
          if (abort.signal.aborted) return;
          const status = error instanceof ApiProblem ? error.status : 0;
          if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
            // The log is gone or is not ours: the stored message is all there is.
            this.state = { ...this.state, phase: "done" };
            break;
          }
        }
        if (abort.signal.aborted || this.state.phase !== "running") break;
        attempt = this.state.seq > before ? 1 : attempt + 1;
        this.reconnecting = true;
        this.publish(true);
        await this.pause(backoff(attempt), abort.signal);
      }
    } finally {
      window.removeEventListener("online", retryNow);
      if (this.abort === abort) this.abort = null;
      if (!abort.signal.aborted) {
        this.reconnecting = false;
        this.publish(true);
        if (this.state.phase !== "running") for (const listener of this.endings) listener(this.state);
      } else if (this.listeners.size > 0) void this.follow();
    }
  }

  private async connect(signal: AbortSignal): Promise<void> {
    const response = await api.raw("GET", `/runs/${this.runId}/events`, {
      signal,
      query: { after: this.state.seq || null },
      headers: { accept: "text/event-stream", ...(this.state.seq ? { "last-event-id": String(this.state.seq) } : {}) },
    });
    if (this.reconnecting) {
      this.reconnecting = false;
      this.publish(true);
    }
    for await (const event of readEvents(response)) {
      const seq = Number(event.id);
      if (!Number.isInteger(seq)) continue;
      const first = this.state.text === "" && this.state.reasoning === "";
      this.state = applyRunEvent(this.state, seq, event.event, JSON.parse(event.data) as Record<string, unknown>);
      if (this.state.phase !== "running") return;
      this.publish(first);
    }
  }

  private pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.wake = done;
      signal.addEventListener("abort", done, { once: true });
    });
  }
}

const followers = new Map<string, Follower>();

function followerOf(runId: string): Follower {
  let follower = followers.get(runId);
  if (!follower) {
    follower = new Follower(runId);
    followers.set(runId, follower);
    // Old logs are of no use once their messages are stored.
    if (followers.size > 50) {
      const oldest = followers.keys().next().value;
      if (oldest !== undefined && oldest !== runId) followers.delete(oldest);
    }
  }
  return follower;
}

const nothing: Followed = { state: freshRun, reconnecting: false };
const subscribeToNothing = () => () => undefined;
const snapshotOfNothing = () => nothing;

/** The state of a run, live; `onEnd` is called once when it is over. A null id follows nothing. */
export function useRun(runId: string | null, onEnd: (state: RunState) => void): Followed {
  const follower = runId === null ? null : followerOf(runId);
  const followed = useSyncExternalStore(
    follower?.subscribe ?? subscribeToNothing,
    follower?.snapshot ?? snapshotOfNothing,
  );
  useEffect(() => follower?.onEnd(onEnd), [follower, onEnd]);
  return followed;
}
