/** Sessions of Think Tank on the server. */
import { type QueryClient, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { Page } from "@/lib/api/types";
import { forgetSoon } from "@/lib/forgetting";
import { toast } from "@/lib/toast";
import type { MadeSession, NewSession, Session, SessionSummary, Steering, Tool } from "./types";

const PATH = "/reasoning/sessions";
export const pathOf = (id: string): string => `${PATH}/${id}`;
export const sessionsKey = ["reasoning-sessions"] as const;
export const sessionKey = (id: string) => ["reasoning-session", id] as const;

export const useSessions = (status: string, search: string, enabled = true) =>
  useInfiniteQuery({
    queryKey: [...sessionsKey, status, search],
    queryFn: ({ pageParam, signal }) => api.get<Page<SessionSummary>>(PATH, { query: { status, search, cursor: pageParam, limit: 30 }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    enabled,
    // One that is under way may have ended meanwhile.
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.items.some((one) => one.status === "running" || one.status === "waiting")) ? 5000 : false),
  });

export const useThinking = (id: string, enabled = true) => useQuery({ queryKey: sessionKey(id), queryFn: ({ signal }) => api.get<Session>(pathOf(id), { signal }), enabled });

/** The tools that may be used; null where this installation lists none, and all may be. */
export const useTools = () =>
  useQuery({
    queryKey: ["reasoning-tools"],
    queryFn: async (): Promise<Tool[] | null> => {
      try {
        return (await api.get<{ items: Tool[] }>("/tools")).items;
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) return null;
        throw error;
      }
    },
    staleTime: 60_000,
  });

/** `key`: the same for the same problem sent twice, so that it is solved once. */
export const makeSession = (body: NewSession, key: string): Promise<MadeSession> => api.post<MadeSession>(PATH, body, { headers: { "idempotency-key": key } });

/** Changes of one session: each answers with the session as it is then. Tells whether it was done. */
export function useActs(id: string) {
  const queries = useQueryClient();
  const [busy, setBusy] = useState<string | null>(null);
  const run = async (name: string, asked: () => Promise<Session>): Promise<boolean> => {
    setBusy(name);
    try {
      queries.setQueryData(sessionKey(id), await asked());
      void queries.invalidateQueries({ queryKey: sessionsKey });
      return true;
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
      // A refusal mostly means that it is not as it was shown.
      if (fault instanceof ApiProblem && fault.status === 409) void queries.invalidateQueries({ queryKey: sessionKey(id) });
      return false;
    } finally {
      setBusy(null);
    }
  };
  return {
    busy,
    steer: (steering: Steering, name: string = steering.kind) => run(name, () => api.post<Session>(`/reasoning/sessions/${id}/steer`, steering)),
    cancel: () => run("cancel", () => api.post<Session>(`/reasoning/sessions/${id}/cancel`)),
    judge: (good: boolean) => run("feedback", () => api.post<Session>(`/reasoning/sessions/${id}/feedback`, { good })),
  };
}

export type Acts = ReturnType<typeof useActs>;

/** Deletes a session, after some seconds in which it can be taken back. */
export function removeSession(queries: QueryClient, id: string): void {
  forgetSoon({
    paths: [pathOf(id)],
    said: "Session deleted.",
    run: async () => {
      try {
        await api.delete(pathOf(id));
      } catch (fault) {
        toast(messageOf(fault), { kind: "error" });
      }
      queries.removeQueries({ queryKey: sessionKey(id) });
      await queries.invalidateQueries({ queryKey: sessionsKey });
    },
  });
}

/** Fetches the report and hands it to the browser as a file. */
export async function saveReport(id: string, format: "markdown" | "pdf"): Promise<void> {
  const answer = await api.raw("GET", `/reasoning/sessions/${id}/report`, { query: { format }, headers: { accept: "*/*" } });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `think-tank-${id.slice(0, 8)}.${format === "pdf" ? "pdf" : "md"}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
