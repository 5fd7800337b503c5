import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, CornerDownRight, RotateCcw, Trash2, X } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Checkbox, Textarea } from "@/components/ui/field";
import { LoadFault, ShowMore } from "@/components/ui/page";
import { Skeleton } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Page } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { type Room, type RoomRole, useRoomStatus } from "@/lib/rooms";
import { useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { type Anchor, type Comment, type Participant, participantsKey } from "./types";

interface Props {
  room: Room;
  /** The reader's role; asked of the connection where it is not given. */
  role?: RoomRole;
  /** What a new comment is about; all of it where nothing is given. */
  about?: Anchor | null;
  /** What an anchor's artifact is called. */
  nameOf?: (artifact: string) => string;
  onShow?: (artifact: string) => void;
  /** A comment was written. */
  onDone?: () => void;
  onClose: () => void;
}

/** What was said about a document: threads that can be answered and resolved. */
export function Comments({ room, role: given, about = null, nameOf, onShow, onDone, onClose }: Props) {
  const queries = useQueryClient();
  const status = useRoomStatus(room);
  const role = given ?? status.role;
  const [resolved, setResolved] = useState(false);
  const key = ["room-comments", room.id];
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [...key, resolved],
    queryFn: ({ pageParam }) => api.get<Page<Comment>>(`/collaboration/rooms/${room.id}/comments`, { query: { resolved, cursor: pageParam, limit: 30 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  // Comments are not part of the document: the room says that there are others, and what was missed offline is asked for.
  const away = status.state === "offline" || status.state === "connecting";
  useEffect(() => {
    const again = () => void queries.invalidateQueries({ queryKey: ["room-comments", room.id] });
    if (!away) again();
    return room.subscribeComments(again);
  }, [queries, room, away]);
  const people = useQuery({ queryKey: participantsKey(room.id), queryFn: async () => (await api.get<{ items: Participant[] }>(`/collaboration/rooms/${room.id}/participants`)).items });
  const threads = data?.pages.flatMap((page) => page.items);
  const speaks = role !== null && role !== "viewer";

  const run = async (asked: () => Promise<unknown>): Promise<boolean> => {
    try {
      await asked();
      await queries.invalidateQueries({ queryKey: key });
      return true;
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
      return false;
    }
  };
  /** Whom "@name" names, of the people in the room. */
  const mentioned = (body: string): string[] =>
    (people.data ?? []).filter((one) => [one.display_name, one.email].some((name) => name && body.toLowerCase().includes(`@${name.toLowerCase()}`))).map((one) => one.user_id);
  const say = (body: string, parent: string | null) =>
    run(() => api.post(`/collaboration/rooms/${room.id}/comments`, { body, anchor: parent ? null : about, parent_id: parent, mentions: mentioned(body) }));

  return (
    <section aria-label="Comments" className="flex min-h-0 min-w-0 flex-1 flex-col">
      <div className="flex h-11 shrink-0 items-center justify-between border-b pr-1.5 pl-4">
        <h2 className="text-[15px] font-semibold">Comments</h2>
        <Button variant="ghost" size="icon" aria-label="Close the comments" onClick={onClose}>
          <X className="size-4" />
        </Button>
      </div>
      {speaks && (
        <div className="grid gap-2 border-b p-3">
          {about?.artifact && (
            <p className="truncate text-[13px] text-ink-3">
              About {nameOf?.(about.artifact) ?? "this"}
              {about.quote ? `: “${about.quote.slice(0, 80)}”` : ""}
            </p>
          )}
          <Say
            label="New comment"
            placeholder="Write a comment; @name tells somebody"
            action="Comment"
            focus={about !== null}
            onSay={async (body) => {
              const said = await say(body, null);
              if (said) onDone?.();
              return said;
            }}
          />
        </div>
      )}
      <div className="scroll min-h-0 flex-1 p-3" tabIndex={0} role="region" aria-label="Threads">
        <Checkbox className="mb-3" label="Show resolved" checked={resolved} onChange={(event) => setResolved(event.target.checked)} />
        {error && !threads ? (
          <LoadFault error={error} retry={() => void refetch()} />
        ) : !threads ? (
          <Skeleton className="h-24" />
        ) : threads.length === 0 ? (
          <p className="py-6 text-center text-sm text-ink-3">{resolved ? "Nothing was resolved yet." : "Nobody has said anything yet."}</p>
        ) : (
          <ul className="grid gap-3">
            {threads.map((thread) => (
              <li key={thread.id} className="grid gap-2 rounded-xl border bg-raised p-3">
                {thread.anchor?.artifact && (
                  <button type="button" className="truncate text-left text-xs text-accent underline underline-offset-3" onClick={() => onShow?.(thread.anchor?.artifact as string)}>
                    {nameOf?.(thread.anchor.artifact) ?? "there"}
                  </button>
                )}
                {thread.anchor?.quote && <blockquote className="line-clamp-3 border-l-2 pl-2 text-[13px] text-ink-3">{thread.anchor.quote}</blockquote>}
                <One comment={thread} onDelete={(id) => void run(() => api.delete(`/collaboration/rooms/${room.id}/comments/${id}`))} />
                {thread.answers?.map((answer) => (
                  <div key={answer.id} className="flex gap-1.5">
                    <CornerDownRight aria-hidden className="mt-1 size-3.5 shrink-0 text-ink-3" />
                    <One comment={answer} onDelete={(id) => void run(() => api.delete(`/collaboration/rooms/${room.id}/comments/${id}`))} />
                  </div>
                ))}
                {speaks && (
                  <div className="flex items-start justify-between gap-2">
                    {!thread.resolved_at && <Answer onSay={(body) => say(body, thread.id)} />}
                    <Button
                      size="sm"
                      variant="ghost"
                      className="h-7 px-2"
                      onClick={() => void run(() => api.patch(`/collaboration/rooms/${room.id}/comments/${thread.id}`, { resolved: !thread.resolved_at }))}
                    >
                      {thread.resolved_at ? <RotateCcw className="size-3.5" /> : <Check className="size-3.5" />}
                      {thread.resolved_at ? "Open again" : "Resolve"}
                    </Button>
                  </div>
                )}
              </li>
            ))}
          </ul>
        )}
        <div className="mt-3 grid">
          <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
        </div>
      </div>
    </section>
  );
}

function One({ comment, onDelete }: { comment: Comment; onDelete: (id: string) => void }) {
  const session = useSession();
  return (
    <div className="min-w-0 flex-1">
      <p className="flex items-center gap-1.5 text-[13px]">
        <span className="truncate font-medium">{comment.display_name || "somebody who has left"}</span>
        <span className="shrink-0 text-ink-3">{formatAgo(comment.created_at)}</span>
        {comment.user_id === session.user.id && (
          <Button variant="ghost" size="bare" className="ml-auto size-6 rounded" aria-label="Delete this comment" title="Delete" onClick={() => onDelete(comment.id)}>
            <Trash2 className="size-3.5" />
          </Button>
        )}
      </p>
      <p className="text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">{comment.body}</p>
    </div>
  );
}

function Answer({ onSay }: { onSay: (body: string) => Promise<boolean> }) {
  const [open, setOpen] = useState(false);
  if (!open)
    return (
      <Button size="sm" variant="ghost" className="h-7 px-2" onClick={() => setOpen(true)}>
        Answer
      </Button>
    );
  return (
    <Say
      label="Answer"
      placeholder="Answer"
      action="Answer"
      focus
      onSay={async (body) => {
        const said = await onSay(body);
        if (said) setOpen(false);
        return said;
      }}
    />
  );
}

interface SayProps {
  label: string;
  placeholder: string;
  action: string;
  focus: boolean;
  onSay: (body: string) => Promise<boolean>;
}

function Say({ label, placeholder, action, focus, onSay }: SayProps) {
  const [body, setBody] = useState("");
  const [busy, setBusy] = useState(false);
  const [field, setField] = useState<HTMLTextAreaElement | null>(null);
  useEffect(() => {
    if (focus) field?.focus();
  }, [focus, field]);
  return (
    <form
      className="grid flex-1 gap-2"
      onSubmit={async (event) => {
        event.preventDefault();
        setBusy(true);
        if (await onSay(body.trim())) setBody("");
        setBusy(false);
      }}
    >
      <Textarea
        ref={setField}
        aria-label={label}
        placeholder={placeholder}
        required
        maxLength={10_000}
        rows={2}
        className="min-h-14"
        value={body}
        onChange={(event) => setBody(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
        }}
      />
      <Button type="submit" size="sm" className="justify-self-end" busy={busy} disabled={!body.trim()}>
        {action}
      </Button>
    </form>
  );
}

