/** Sessions of panes on the server. */
import { type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { chatKey, putMessages } from "@/components/conversation/chat";
import { plainText } from "@/components/conversation/run-state";
import { buildTree, pathTo } from "@/components/conversation/tree";
import { ApiProblem, api, messageOf, sentence } from "@/lib/api/client";
import type { ChatDetail, Message, Page } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import type { Pane, PaneSession, PaneSessionSummary, StartedTurn } from "./types";

export const sessionsKey = ["pane-sessions"] as const;
export const paneSessionKey = (id: string) => ["pane-session", id] as const;

export const usePaneSessions = (search: string) =>
  useInfiniteQuery({
    queryKey: [...sessionsKey, search],
    queryFn: ({ pageParam, signal }) => api.get<Page<PaneSessionSummary>>("/concurrent-chat/sessions", { query: { search, cursor: pageParam, limit: 30 }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
  });

export const usePaneSession = (id: string) =>
  useQuery({
    queryKey: paneSessionKey(id),
    queryFn: ({ signal }) => api.get<PaneSession>(`/concurrent-chat/sessions/${id}`, { signal }),
    // The stream tells every change.
    staleTime: Number.POSITIVE_INFINITY,
    retry: (count, error) => count < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
  });

/** Runs a change that answers with the session, and takes the answer over. Tells whether it was done. */
export async function change(client: QueryClient, made: Promise<PaneSession>): Promise<boolean> {
  try {
    const session = await made;
    client.setQueryData(paneSessionKey(session.id), session);
    return true;
  } catch (fault) {
    toast(messageOf(fault), { kind: "error" });
    return false;
  }
}

/** Puts what started into the panes' chats, and says of each pane that could not start why. */
export function takeStarted(client: QueryClient, turn: StartedTurn, nameOf: (paneId: string) => string): void {
  for (const { chat_id, user_message, assistant_message } of turn.started)
    putMessages(client, chat_id, [user_message, assistant_message], assistant_message.id);
  for (const { pane_id, error } of turn.refused)
    toast(`${nameOf(pane_id)}: ${sentence(error.detail || error.title || "it could not start")}`, { kind: "error" });
}

/** An answer that is shown in some pane, and the question it answers. */
export interface ShownAnswer {
  pane: Pane;
  question: string;
  message: Message;
  text: string;
}

/** The answers that stand in the panes, pane by pane, the oldest first. */
export function shownAnswers(client: QueryClient, session: PaneSession): ShownAnswer[] {
  return session.panes.flatMap((pane) => {
    const chat = pane.chat_id === null ? undefined : client.getQueryData<ChatDetail>(chatKey(pane.chat_id));
    return chat ? answersOf(pane, chat) : [];
  });
}

function answersOf(pane: Pane, chat: ChatDetail): ShownAnswer[] {
  const path = pathTo(buildTree(chat.messages), chat.leaf_message_id);
  return path.flatMap((message, at) => {
    const asked = path[at - 1];
    if (message.role !== "assistant" || message.status === "streaming" || asked?.role !== "user") return [];
    const text = plainText(message);
    return text ? [{ pane, question: plainText(asked), message, text }] : [];
  });
}

/** The answers to one question: the newest in each pane, those of other panes after that of `messageId`. */
export function answersBeside(answers: readonly ShownAnswer[], messageId: string): ShownAnswer[] {
  const own = answers.find((answer) => answer.message.id === messageId);
  if (!own) return [];
  const others = new Map<string, ShownAnswer>();
  for (const answer of answers) if (answer.pane.id !== own.pane.id && answer.question === own.question) others.set(answer.pane.id, answer);
  return [own, ...others.values()];
}
