/** Who is signed in, for every feature. */
import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, setCsrfToken } from "./api/client";
import type { Session } from "./api/types";

export const sessionKey = ["session"] as const;

export async function fetchSession(): Promise<Session> {
  const session = await api.get<Session>("/session", { anonymous: true });
  setCsrfToken(session.csrf_token);
  return session;
}

/** The session, for code below the signed-in shell, where there always is one. */
export function useSession(): Session {
  const { data } = useQuery({ queryKey: sessionKey, queryFn: fetchSession, staleTime: 5 * 60_000 });
  if (!data) throw new Error("useSession is for signed-in pages");
  return data;
}

export function useStoreSession(): (session: Session) => void {
  const client = useQueryClient();
  return (session) => storeSession(client, session);
}

export function storeSession(client: QueryClient, session: Session): void {
  setCsrfToken(session.csrf_token);
  client.setQueryData(sessionKey, session);
}

export const isAdmin = (session: Session): boolean => session.user.role === "owner" || session.user.role === "admin";
export const isOwner = (session: Session): boolean => session.user.role === "owner";
/** Viewers read; they ask no model and make no key. */
export const mayWrite = (session: Session): boolean => session.user.role !== "viewer";
