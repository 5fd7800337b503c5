import { useQueryClient } from "@tanstack/react-query";
import { Ellipsis, Folder, Pencil, Pin, PinOff, Search, Share2, Trash2, X } from "lucide-react";
import { lazy, Suspense, useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { titleOf, updateChat } from "@/components/conversation/chat";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { Skeleton } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import type { Chat } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { dayGroup } from "@/lib/format";
import type { ChatDialog } from "./chat-dialogs";
import { deleteChat, useChats } from "./queries";

const ChatDialogs = lazy(() => import("./chat-dialogs"));
const FolderFilter = lazy(() => import("./folder-filter"));


/** The chats of the person, newest first, under the days they were last used. */
export function ChatList() {
  const [search, setSearch] = useState("");
  const [folder, setFolder] = useState("");
  const settledSearch = useDebounced(useDeferredValue(search.trim()));
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useChats(settledSearch, folder);
  const [opened, setOpened] = useState<{ chat: Chat; dialog: ChatDialog } | null>(null);
  const groups = useMemo(() => grouped(data?.pages.flatMap((page) => page.items) ?? []), [data]);
  const sentinel = useRef<HTMLDivElement>(null);

  useEffect(() => {
    if (!sentinel.current || !hasNextPage || isFetchingNextPage) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && void fetchNextPage(), { rootMargin: "400px" });
    observer.observe(sentinel.current);
    return () => observer.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  return (
    <>
      <div className="relative mx-3 mb-1">
        <Search aria-hidden className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-ink-3" />
        <input
          type="search"
          aria-label="Search chats"
          placeholder="Search chats"
          value={search}
          onChange={(event) => setSearch(event.target.value)}
          className="h-9 w-full rounded-lg bg-subtle pr-9 pl-8.5 text-sm"
        />
        {search && (
          <Button variant="ghost" size="icon" aria-label="Clear search" className="absolute top-0.5 right-0.5" onClick={() => setSearch("")}>
            <X className="size-4" />
          </Button>
        )}
      </div>
      <Suspense>
        <FolderFilter value={folder} onChange={setFolder} />
      </Suspense>
      <nav aria-label="Chats" className={cn("scroll min-h-0 flex-1 px-3 pb-4 transition-opacity", isPlaceholderData && "opacity-60")}>
        {isPending && (
          <div className="grid gap-3 px-2 pt-5" role="status" aria-label="Loading chats">
            {[80, 60, 90, 70, 50].map((width) => (
              <Skeleton key={width} className={cn("h-4", { 80: "w-4/5", 60: "w-3/5", 90: "w-11/12", 70: "w-2/3", 50: "w-1/2" }[width])} />
            ))}
          </div>
        )}
        {error && !data && (
          <p role="alert" className="px-2 pt-4 text-[13px] text-ink-2">
            {messageOf(error)}{" "}
            <button type="button" className="text-accent underline underline-offset-3" onClick={() => refetch()}>
              Try again
            </button>
          </p>
        )}
        {data && groups.length === 0 && (
          <p className="px-2 pt-4 text-[13px] text-ink-2">{settledSearch ? `Nothing found for “${settledSearch}”.` : folder ? `Nothing in “${folder}”.` : "Your chats will stand here."}</p>
        )}
        {groups.map(([name, chats]) => (
          <section key={name} aria-label={name}>
            <h2 className="px-2 pt-4 pb-1 text-xs font-medium text-ink-3">{name}</h2>
            <ul>
              {chats.map((chat) => (
                <Item key={chat.id} chat={chat} searching={settledSearch !== ""} onOpen={(dialog) => setOpened({ chat, dialog })} />
              ))}
            </ul>
          </section>
        ))}
        <div ref={sentinel} aria-hidden className="h-px" />
        {isFetchingNextPage && <Skeleton className="mx-2 mt-2 h-4" />}
      </nav>
      <Suspense>{opened && <ChatDialogs {...opened} onClose={() => setOpened(null)} />}</Suspense>
    </>
  );
}

interface ItemProps {
  chat: Chat;
  searching: boolean;
  onOpen: (dialog: ChatDialog) => void;
}

function Item({ chat, searching, onOpen }: ItemProps) {
  const client = useQueryClient();
  const [location, navigate] = useLocation();
  const current = location === `/chat/${chat.id}`;
  const title = titleOf(chat);
  return (
    <li className={cn("group/item relative flex items-center rounded-lg hover:bg-hover", current && "bg-hover")}>
      <Link href={`/chat/${chat.id}`} aria-current={current ? "page" : undefined} title={title} className="min-w-0 flex-1 rounded-lg py-1.5 pr-9 pl-2">
        <span className={cn("block truncate text-sm text-ink-2 group-hover/item:text-ink", current && "font-medium text-ink")}>{title}</span>
        {searching && chat.snippet && <span className="block truncate text-xs text-ink-3">{chat.snippet}</span>}
      </Link>
      <Menu>
        <MenuTrigger asChild>
          <Button
            variant="ghost"
            size="icon"
            aria-label={`Menu of ${title}`}
            className="absolute right-0.5 size-7 opacity-0 group-hover/item:opacity-100 focus-visible:opacity-100 data-[state=open]:opacity-100 pointer-coarse:opacity-100"
          >
            <Ellipsis className="size-4" />
          </Button>
        </MenuTrigger>
        <MenuContent align="start">
          <MenuItem onSelect={() => setTimeout(onOpen, 0, "rename")}>
            <Pencil />
            Rename
          </MenuItem>
          <MenuItem onSelect={() => setTimeout(onOpen, 0, "folder")}>
            <Folder />
            Move to a folder
          </MenuItem>
          <MenuItem onSelect={() => setTimeout(onOpen, 0, "share")}>
            <Share2 />
            Share or export
          </MenuItem>
          <MenuItem onSelect={() => updateChat(client, chat.id, { pinned: !chat.pinned })}>
            {chat.pinned ? <PinOff /> : <Pin />}
            {chat.pinned ? "Unpin" : "Pin"}
          </MenuItem>
          <MenuSeparator />
          <MenuItem
            danger
            onSelect={async () => {
              if ((await deleteChat(client, chat)) && current) navigate("/");
            }}
          >
            <Trash2 />
            Delete
          </MenuItem>
        </MenuContent>
      </Menu>
    </li>
  );
}

function grouped(chats: readonly Chat[]): [string, Chat[]][] {
  const groups = new Map<string, Chat[]>();
  const pinned = chats.filter((chat) => chat.pinned);
  if (pinned.length) groups.set("Pinned", pinned);
  for (const chat of chats) {
    if (chat.pinned) continue;
    const name = dayGroup(chat.updated_at);
    const group = groups.get(name);
    if (group) group.push(chat);
    else groups.set(name, [chat]);
  }
  return [...groups];
}

function useDebounced(value: string, ms = 180): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}
