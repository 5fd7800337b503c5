/** One chat as the page holds it: read, changed in every place that shows it, and put together from what runs tell. */
import { type InfiniteData, type QueryClient, useQuery } from "@tanstack/react-query";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { Chat, ChatDetail, Message, Page } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { mergeMessages } from "./tree";

export const chatsKey = ["chats"] as const;
export const chatKey = (id: string) => ["chat", id] as const;

export function useChat(id: string | null) {
  return useQuery({
    queryKey: chatKey(id ?? ""),
    queryFn: ({ signal }) => api.get<ChatDetail>(`/chats/${id}`, { signal }),
    enabled: id !== null,
    staleTime: 10_000,
    retry: (count, error) => count < 2 && !(error instanceof ApiProblem && error.status >= 400 && error.status < 500),
  });
}

/** Changes a chat in every place where the page holds it. */
export function patchCached(client: QueryClient, id: string, change: Partial<ChatDetail>): void {
  client.setQueryData<ChatDetail>(chatKey(id), (chat) => chat && { ...chat, ...change });
  client.setQueriesData<InfiniteData<Page<Chat>>>({ queryKey: chatsKey }, (data) =>
    data && {
      ...data,
      pages: data.pages.map((page) => ({
        ...page,
        items: page.items.map((chat) => (chat.id === id ? { ...chat, ...change } : chat)),
      })),
    },
  );
}

/** Puts messages into a cached chat, and shows the branch that ends with `leaf`. */
export function putMessages(client: QueryClient, id: string, messages: Message[], leaf?: string): void {
  client.setQueryData<ChatDetail>(chatKey(id), (chat) =>
    chat && {
      ...chat,
      messages: mergeMessages(chat.messages, messages),
      leaf_message_id: leaf ?? chat.leaf_message_id,
    },
  );
}

export async function updateChat(client: QueryClient, id: string, change: Partial<ChatDetail>): Promise<void> {
  const before = client.getQueryData<ChatDetail>(chatKey(id));
  // An answer that is under way tells how the chat was before this.
  if (before) await client.cancelQueries({ queryKey: chatKey(id) }, { revert: false });
  patchCached(client, id, change);
  try {
    await api.patch(`/chats/${id}`, change);
    if ("pinned" in change) await client.invalidateQueries({ queryKey: chatsKey });
  } catch (error) {
    if (before) client.setQueryData(chatKey(id), before);
    toast(messageOf(error), { kind: "error" });
    await client.invalidateQueries({ queryKey: chatsKey });
  }
}

export const titleOf = (chat: Pick<Chat, "title">): string => chat.title || "New chat";

/** The server names a chat by its first question; the open page takes the name over. */
export async function refreshTitle(client: QueryClient, id: string): Promise<void> {
  const chat = client.getQueryData<ChatDetail>(chatKey(id));
  if (!chat || chat.title) return;
  const fresh = await api.get<ChatDetail>(`/chats/${id}`);
  client.setQueryData<ChatDetail>(chatKey(id), (current) => current && { ...current, title: fresh.title });
}
