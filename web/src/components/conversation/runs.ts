/** Runs of the server as views see them, whichever stream their events come by. */
import { createContext, useContext, useEffect, useSyncExternalStore } from "react";
import { follow } from "@/lib/follow";
import type { ServerEvent } from "@/lib/sse";
import { applyRunEvent, freshRun, type RunState } from "./run-state";

export interface Followed {
  state: RunState;
  /** The connection broke and is being made again. */
  reconnecting: boolean;
}

/** A view is told at most this often; parsing markdown is the cost (research: 15 to 20 Hz). */
const FLUSH_MS = 55;
/** Views of different runs are told in turn, so that no frame has to draw more than one: of two each at 18 Hz, of four at 10. */
const TURN_MS = 25;
let nextTurn = 0;

function inTurn(tell: () => void): void {
  const now = performance.now();
  const at = Math.max(now, nextTurn);
  nextTurn = at + TURN_MS;
  if (at <= now) tell();
  else setTimeout(tell, at - now);
}

/** One run: its events come in by `apply`, its views are told at a bearable pace. */
export class RunFeed {
  protected state = freshRun;
  protected reconnecting = false;
  protected readonly listeners = new Set<() => void>();
  private shown: Followed = { state: freshRun, reconnecting: false };
  private readonly endings = new Set<(state: RunState) => void>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  snapshot = (): Followed => this.shown;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  onEnd(listener: (state: RunState) => void): () => void {
    this.endings.add(listener);
    if (this.state.phase !== "running") listener(this.state);
    return () => this.endings.delete(listener);
  }

  get over(): boolean {
    return this.state.phase !== "running";
  }

  apply(seq: number, kind: string, data: Record<string, unknown>): void {
    if (this.over) return;
    const first = this.state.text === "" && this.state.reasoning === "";
    this.state = applyRunEvent(this.state, seq, kind, data);
    if (this.over) this.end();
    else this.publish(first);
  }

  private tell = (): void => {
    // Told meanwhile, for a better reason.
    if (this.timer) this.publish(true);
  };

  protected end(): void {
    this.reconnecting = false;
    this.publish(true);
    for (const listener of this.endings) listener(this.state);
  }

  protected publish(now = false): void {
    if (now) {
      if (this.timer) clearTimeout(this.timer);
      this.timer = null;
      this.shown = { state: this.state, reconnecting: this.reconnecting };
      for (const listener of this.listeners) listener();
    } else this.timer ??= setTimeout(() => inTurn(this.tell), FLUSH_MS);
  }
}

/** A run with a connection of its own, held while somebody looks and resumed where it broke. */
class Follower extends RunFeed {
  private abort: AbortController | null = null;

  constructor(private readonly runId: string) {
    super();
  }

  override subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    if (!this.abort && !this.over) void this.follow();
    return () => {
      this.listeners.delete(listener);
      // Nobody looks: free the connection. The state stays, so a return resumes after its last event.
      setTimeout(() => {
        if (this.listeners.size === 0) this.abort?.abort();
      }, 250);
    };
  };

  private take = (event: ServerEvent): boolean => {
    const seq = Number(event.id);
    if (Number.isInteger(seq)) this.apply(seq, event.event, JSON.parse(event.data) as Record<string, unknown>);
    return this.over;
  };

  private async follow(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    const how = await follow({
      path: `/runs/${this.runId}/events`,
      signal: abort.signal,
      after: () => (this.state.seq ? String(this.state.seq) : null),
      onEvent: this.take,
      onConnection: (connected) => {
        if (this.reconnecting !== connected) return;
        this.reconnecting = !connected;
        this.publish(true);
      },
    });
    this.abort = null;
    if (how === "refused") {
      // The log is gone or is not ours: the stored message is all there is.
      this.state = { ...this.state, phase: "done" };
      this.end();
    } else if (how === "left" && this.listeners.size > 0) void this.follow();
  }
}

/** Feeds by run id, some fifty: old logs are of no use once their messages are stored. */
export class Feeds<F extends RunFeed> {
  private readonly feeds = new Map<string, F>();

  constructor(private readonly make: (runId: string) => F) {}

  of = (runId: string): F => {
    let feed = this.feeds.get(runId);
    if (!feed) {
      feed = this.make(runId);
      this.feeds.set(runId, feed);
      if (this.feeds.size > 50) {
        for (const [id, old] of this.feeds)
          if (old.over) {
            this.feeds.delete(id);
            break;
          }
      }
    }
    return feed;
  };
}

const followers = new Feeds((runId) => new Follower(runId));

/** Where a run's feed is found; a page with one stream for many runs gives its own. */
export const RunsContext = createContext<(runId: string) => RunFeed>(followers.of);

/** The state of a run, live; `onEnd` is called once when it is over. */
export function useRun(runId: string, onEnd: (state: RunState) => void): Followed {
  const feed = useContext(RunsContext)(runId);
  const followed = useSyncExternalStore(feed.subscribe, feed.snapshot);
  useEffect(() => feed.onEnd(onEnd), [feed, onEnd]);
  return followed;
}
