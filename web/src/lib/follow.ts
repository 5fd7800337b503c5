/** Keeps one stream of server-sent events open: broken, it is made again where it broke. */
import { ApiProblem, api } from "./api/client";
import { backoff, readEvents, type ServerEvent } from "./sse";

interface Options {
  path: string;
  signal: AbortSignal;
  /** The id of the last event that was taken; null begins at the beginning. */
  after: () => string | null;
  /** Takes an event; true when nothing is to come after it. */
  onEvent: (event: ServerEvent) => boolean;
  /** Told when the connection broke (false) and when it stands again (true). */
  onConnection: (connected: boolean) => void;
}

/** Follows until the stream is "over", the server "refused" it for good, or the caller "left". */
export async function follow({ path, signal, after, onEvent, onConnection }: Options): Promise<"over" | "refused" | "left"> {
  let wake: (() => void) | null = null;
  const retryNow = () => wake?.();
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        wake = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      wake = done;
      signal.addEventListener("abort", done, { once: true });
    });

  window.addEventListener("online", retryNow);
  let attempt = 0;
  try {
    while (!signal.aborted) {
      const before = after();
      try {
        const response = await api.raw("GET", path, {
          signal,
          query: { after: before },
          headers: { accept: "text/event-stream", ...(before ? { "last-event-id": before } : {}) },
        });
        onConnection(true);
        for await (const event of readEvents(response)) if (onEvent(event)) return "over";
      } catch (error) {
        if (signal.aborted) break;
        const status = error instanceof ApiProblem ? error.status : 0;
        if (status >= 400 && status < 500 && status !== 408 && status !== 429) return "refused";
      }
      if (signal.aborted) break;
      attempt = after() === before ? attempt + 1 : 1;
      onConnection(false);
      await pause(backoff(attempt));
    }
    return "left";
  } finally {
    window.removeEventListener("online", retryNow);
  }
}
