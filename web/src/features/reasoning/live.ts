/** Follows a session's events: what is under way now, and when the session is to be read anew. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { follow } from "@/lib/follow";
import { sessionKey, sessionsKey, pathOf } from "./queries";
import type { Session } from "./types";
import { applied, nothing, throttled, type UnderWay } from "./under-way";
import { hasEnded } from "./words";

const EVERY = 300;

/** Keeps the session fresh while it is not over. `connected`: false while the stream is being made again. */
export function useLive(session: Session | undefined): { underWay: readonly UnderWay[]; connected: boolean } {
  const queries = useQueryClient();
  const [underWay, setUnderWay] = useState(nothing);
  const [connected, setConnected] = useState(true);
  const last = useRef(0);
  const known = useRef(0);
  const id = session?.id;
  const follows = session !== undefined && !hasEnded(session.status);
  if (session) known.current = session.last_event;

  useEffect(() => {
    if (!id || !follows) return;
    const abort = new AbortController();
    const fresh = throttled(() => void queries.invalidateQueries({ queryKey: sessionKey(id) }), EVERY);
    const run = async () => {
      const end = await follow({
        path: `${pathOf(id)}/events`,
        signal: abort.signal,
        after: () => (last.current ? String(last.current) : null),
        onEvent: ({ id: seq, event, data }) => {
          const number = Number(seq);
          if (!(number > last.current)) return false;
          last.current = number;
          setUnderWay((before) => applied(before, event, JSON.parse(data) as Record<string, unknown>));
          if (number <= known.current) return false;
          fresh.ask();
          return event === "ended";
        },
        onConnection: setConnected,
      });
      if (end === "left") return;
      fresh.ask();
      void queries.invalidateQueries({ queryKey: sessionsKey });
    };
    void run();
    return () => {
      abort.abort();
      fresh.stop();
      setConnected(true);
    };
  }, [id, follows, queries]);

  return { underWay: follows ? underWay : nothing, connected };
}
