/** The list of chats. */
import { type InfiniteData, type QueryClient, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { chatKey, chatsKey, titleOf } from "@/components/conversation/chat";
import { api, messageOf } from "@/lib/api/client";
import type { Chat, ChatFolder, Page } from "@/lib/api/types";
import { toast } from "@/lib/toast";

export const foldersKey = ["chat-folders"] as const;

export const useFolders = () =>
  useQuery({ queryKey: foldersKey, queryFn: async () => (await api.get<{ items: ChatFolder[] }>("/chats/folders")).items, staleTime: 60_000 });

export function useChats(search: string, folder = "") {
  return useInfiniteQuery({
    queryKey: [...chatsKey, search, folder],
    queryFn: ({ pageParam, signal }) =>
      api.get<Page<Chat>>("/chats", { query: { search, folder, cursor: pageParam, limit: 40 }, signal }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    placeholderData: (before) => before,
    staleTime: 30_000,
  });
}

/** Deletes at once and offers the way back. Tells whether it was deleted. */
export async function deleteChat(client: QueryClient, chat: Pick<Chat, "id" | "title">): Promise<boolean> {
  try {
    await api.delete(`/chats/${chat.id}`);
  } catch (error) {
    toast(messageOf(error), { kind: "error" });
    return false;
  }
  client.setQueriesData<InfiniteData<Page<Chat>>>({ queryKey: chatsKey }, (data) =>
    data && {
      ...data,
      pages: data.pages.map((page) => ({ ...page, items: page.items.filter((item) => item.id !== chat.id) })),
    },
  );
  client.removeQueries({ queryKey: chatKey(chat.id) });
  void client.invalidateQueries({ queryKey: foldersKey });
  toast(`Deleted “${titleOf(chat)}”`, {
    action: {
      label: "Undo",
      run: async () => {
        try {
          await api.post(`/chats/${chat.id}/restore`);
        } catch (error) {
          toast(messageOf(error), { kind: "error" });
        }
        await client.invalidateQueries({ queryKey: chatsKey });
      },
    },
  });
  return true;
}

