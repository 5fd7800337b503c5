/** Follows a merge's run and adds its events up. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiProblem, api } from "@/lib/api/client";
import type { Merge } from "@/lib/api/types";
import { backoff, readEvents } from "@/lib/sse";
import { mergeKey, mergesKey } from "./queries";

export interface Came {
  position: number;
  model: string;
  failed: boolean;
  latency_ms: number | null;
}

export interface Progress {
  models: string[];
  came: Came[];
  verdicts: number;
  rounds: number;
  claims: number;
  text: string;
}

export const nothingYet: Progress = { models: [], came: [], verdicts: 0, rounds: 0, claims: 0, text: "" };

/** The state after one more event. */
export function applied(state: Progress, kind: string, data: Record<string, unknown>): Progress {
  switch (kind) {
    case "asked":
      return { ...state, models: data.models as string[] };
    case "answer":
    case "answer_failed":
      return { ...state, came: [...state.came, { position: data.position as number, model: data.model as string, failed: kind !== "answer", latency_ms: data.latency_ms as number | null }] };
    case "judgement":
      return { ...state, verdicts: state.verdicts + 1 };
    case "round":
      return { ...state, rounds: data.round as number };
    case "claim":
      return { ...state, claims: state.claims + 1 };
    case "text":
      return { ...state, text: state.text + (data.text as string) };
    default:
      return state;
  }
}

/** The progress of a run that is under way; when it ends, its merge is read anew. */
export function useProgress(runId: string | null, mergeId: string): Progress {
  const [state, setState] = useState(nothingYet);
  const queries = useQueryClient();
  useEffect(() => {
    if (!runId) return;
    const abort = new AbortController();
    const follow = async () => {
      let after = 0;
      for (let attempt = 1; !abort.signal.aborted; attempt++) {
        try {
          const response = await api.raw("GET", `/runs/${runId}/events`, { signal: abort.signal, query: { after: after || null }, headers: { accept: "text/event-stream" } });
          for await (const event of readEvents(response)) {
            const seq = Number(event.id);
            if (!(seq > after)) continue;
            after = seq;
            attempt = 0;
            const data = JSON.parse(event.data) as Record<string, unknown>;
            if (event.event === "done" || event.event === "failed") {
              if (data.merge) queries.setQueryData(mergeKey(mergeId), data.merge as Merge);
              else void queries.invalidateQueries({ queryKey: mergeKey(mergeId) });
              void queries.invalidateQueries({ queryKey: mergesKey });
              return;
            }
            setState((before) => applied(before, event.event, data));
          }
        } catch (error) {
          if (abort.signal.aborted) return;
          if (error instanceof ApiProblem && error.status >= 400 && error.status < 500) {
            void queries.invalidateQueries({ queryKey: mergeKey(mergeId) });
            return;
          }
        }
        await new Promise((resolve) => setTimeout(resolve, backoff(Math.max(1, attempt))));
      }
    };
    void follow();
    return () => abort.abort();
  }, [runId, mergeId, queries]);
  return state;
}
