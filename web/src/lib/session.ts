/** Who is signed in, for every feature. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import { api, setCsrfToken } from "./api/client";
import type { Session } from "./api/types";

export const sessionKey = ["session"] as const;

export async function fetchSession(): Promise<Session> {
  const session = await api.get<Session>("/session", { anonymous: true });
  begin(session);
  return session;
}

/** Takes over the session's token; drafts of another person who used this tab before are not shown to this one. */
function begin(session: Session): void {
  setCsrfToken(session.csrf_token);
  try {
    if (sessionStorage.getItem("radiant.person") !== session.user.id) sessionStorage.clear();
    sessionStorage.setItem("radiant.person", session.user.id);
  } catch {
    // Storage may be blocked: then there are no drafts either.
  }
}

/** The session, for code below the signed-in shell, where there always is one. */
export function useSession(): Session {
  const { data } = useQuery({ queryKey: sessionKey, queryFn: fetchSession, staleTime: 5 * 60_000 });
  if (!data) throw new Error("useSession is for signed-in pages");
  return data;
}

export function storeSession(client: QueryClient, session: Session): void {
  begin(session);
  client.setQueryData(sessionKey, session);
}

export const isAdmin = (session: Session): boolean => session.user.role === "owner" || session.user.role === "admin";
export const isOwner = (session: Session): boolean => session.user.role === "owner";
/** Viewers read; they ask no model and make no key. */
export const mayWrite = (session: Session): boolean => session.user.role !== "viewer";
