/** The one stream of a session: its state, and the events of every pane's runs, resumed where it broke. */
import { Feeds, RunFeed } from "@/components/conversation/runs";
import { follow } from "@/lib/follow";
import type { ServerEvent } from "@/lib/sse";
import type { PaneSession } from "./types";

interface RunEvent {
  run_id: string;
  seq: number;
  kind: string;
  data: Record<string, unknown>;
}

interface Handlers {
  onSession: (session: PaneSession) => void;
  onConnection: (connected: boolean) => void;
  /** The session is not there any more. */
  onGone: () => void;
}

export class SessionStream {
  private readonly feeds = new Feeds(() => new RunFeed());
  private cursor: string | null = null;

  constructor(private readonly id: string) {}

  /** The feed of a run of this session, its events told or yet to come. */
  feedOf = this.feeds.of;

  /** Follows until it is told to leave. */
  open(handlers: Handlers): () => void {
    const abort = new AbortController();
    void follow({
      path: `/concurrent-chat/sessions/${this.id}/events`,
      signal: abort.signal,
      after: () => this.cursor,
      onEvent: (event) => this.take(event, handlers),
      onConnection: handlers.onConnection,
    }).then((how) => how === "refused" && handlers.onGone());
    return () => abort.abort();
  }

  private take(event: ServerEvent, handlers: Handlers): boolean {
    if (event.event === "run") {
      const told = JSON.parse(event.data) as RunEvent;
      this.feedOf(told.run_id).apply(told.seq, told.kind, told.data);
    } else if (event.event === "session") handlers.onSession(JSON.parse(event.data) as PaneSession);
    this.cursor = event.id ?? this.cursor;
    return false;
  }
}
