import { useQueryClient } from "@tanstack/react-query";
import { Archive, ArchiveRestore, Columns2, Ellipsis, Eye, History, LogOut, MessageSquareText, Pencil, SquarePen, Trash2, UserPlus } from "lucide-react";
import { lazy, type ReactNode, Suspense, useDeferredValue, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import * as Y from "yjs";
import { Markdown } from "@/components/markdown";
import { Comments } from "@/components/rooms/comments";
import { ConnectionState, NotAdmitted } from "@/components/rooms/connection-state";
import { HistoryDialog } from "@/components/rooms/history-dialog";
import { Presence } from "@/components/rooms/presence";
import { ShareDialog } from "@/components/rooms/share-dialog";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { LoadFault, useTitle } from "@/components/ui/page";
import { Notice, Skeleton } from "@/components/ui/parts";
import { RenameDialog } from "@/components/ui/rename";
import { messageOf } from "@/lib/api/client";
import type { RoomInfo } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { HERE, type Room, useRoom, useRoomStatus } from "@/lib/rooms";
import { useSession } from "@/lib/session";
import { useWide } from "@/lib/surroundings";
import { toast } from "@/lib/toast";
import { changeRoom, deleteRoom, leaveRoom, useRoomInfo } from "./queries";

const TextEditor = lazy(() => import("@/components/rooms/text-editor"));

type View = "write" | "both" | "read";

/** One room with the document that is written in it. */
export default function RoomPage({ id, lead }: { id: string; lead: ReactNode }) {
  const { data: info, error, refetch } = useRoomInfo(id);
  const room = useRoom(id);
  useTitle(info?.room_name ?? "Room");
  if (error)
    return (
      <div className="m-6 grid gap-4">
        <LoadFault error={error} retry={() => void refetch()} />
        <Link href="/rooms" className="w-fit text-sm text-accent underline underline-offset-3">
          Your rooms
        </Link>
      </div>
    );
  return info && room ? <Inside info={info} room={room} lead={lead} /> : <Opening />;
}

const Opening = () => (
  <div className="grid gap-4 p-6">
    <Skeleton className="h-8 w-56" />
    <Skeleton className="h-64" />
    <span role="status" className="sr-only">
      Opening the room
    </span>
  </div>
);

function Inside({ info, room, lead }: { info: RoomInfo; room: Room; lead: ReactNode }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const status = useRoomStatus(room);
  const wide = useWide();
  const session = useSession();
  const [view, setView] = useState<View>("write");
  const [comments, setComments] = useState(false);
  const [dialog, setDialog] = useState<"rename" | "share" | "history" | "leave" | "delete" | null>(null);
  const shown = view === "both" && !wide ? "write" : view;
  const owner = info.role === "owner";
  const writes = status.writes && info.is_active;
  const setOpen = async (is_active: boolean) => {
    try {
      await changeRoom(client, info.id, { is_active });
      toast(is_active ? "The room is open again." : "The room is closed: it can be read, not written.");
    } catch (fault) {
      toast(messageOf(fault));
    }
  };
  // The menu gives the focus back when it closes; a dialog opens after that.
  const later = (what: typeof dialog) => setTimeout(setDialog, 0, what);

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <header className="flex h-14 shrink-0 items-center gap-2 border-b px-2 sm:px-3">
        {lead}
        <h1 className="min-w-0 truncate px-1 text-[15px] font-semibold">{info.room_name}</h1>
        <ConnectionState room={room} className="hidden sm:inline-flex" />
        <div className="ml-auto flex items-center gap-1">
          <span className="mr-1 hidden md:inline">
            <Presence room={room} />
          </span>
          <Switcher view={shown} onView={setView} wide={wide} />
          <Button variant="ghost" size="icon" aria-label="Comments" title="Comments" aria-pressed={comments} onClick={() => setComments(!comments)}>
            <MessageSquareText className="size-4.5" />
          </Button>
          <Button variant="ghost" size="icon" aria-label="History" title="History" onClick={() => setDialog("history")}>
            <History className="size-4.5" />
          </Button>
          {owner && (
            <Button size="sm" onClick={() => setDialog("share")}>
              <UserPlus className="size-4" />
              <span className="hidden sm:inline">Share</span>
              <span className="sr-only sm:hidden">Share</span>
            </Button>
          )}
          <Menu>
            <MenuTrigger asChild>
              <Button variant="ghost" size="icon" aria-label="Room menu">
                <Ellipsis className="size-4.5" />
              </Button>
            </MenuTrigger>
            <MenuContent align="end">
              {owner && (
                <>
                  <MenuItem onSelect={() => later("rename")}>
                    <Pencil />
                    Rename
                  </MenuItem>
                  <MenuItem onSelect={() => void setOpen(!info.is_active)}>
                    {info.is_active ? <Archive /> : <ArchiveRestore />}
                    {info.is_active ? "Close the room" : "Open it again"}
                  </MenuItem>
                  <MenuSeparator />
                  <MenuItem danger onSelect={() => later("delete")}>
                    <Trash2 />
                    Delete
                  </MenuItem>
                </>
              )}
              {!owner && (
                <MenuItem danger onSelect={() => later("leave")}>
                  <LogOut />
                  Leave the room
                </MenuItem>
              )}
            </MenuContent>
          </Menu>
        </div>
      </header>
      {!info.is_active && <Notice className="m-3 mb-0">This room is closed: it can be read, not written.{owner && " Open it again from its menu."}</Notice>}
      <div className="flex min-h-0 flex-1">
        {status.state === "denied" ? <NotAdmitted room={room} what="room" /> : status.loaded ? <Document info={info} room={room} view={shown} writes={writes} /> : <Opening />}
        {comments && (
          <aside aria-label="Comments" className="flex w-full shrink-0 flex-col border-l bg-panel max-md:absolute max-md:inset-0 max-md:z-20 md:w-84">
            <Comments room={room} role={info.role} onClose={() => setComments(false)} />
          </aside>
        )}
      </div>
      <RenameDialog what="room" open={dialog === "rename"} onOpenChange={(open) => setDialog(open ? "rename" : null)} title={info.room_name} onSave={(room_name) => void changeRoom(client, info.id, { room_name }).catch((fault: unknown) => toast(messageOf(fault)))} />
      <ShareDialog roomId={info.id} open={dialog === "share"} onOpenChange={(open) => setDialog(open ? "share" : null)} />
      {dialog === "history" && <HistoryDialog room={room} onClose={() => setDialog(null)} />}
      <Confirm
        open={dialog === "leave"}
        onOpenChange={(open) => setDialog(open ? "leave" : null)}
        title={`Leave “${info.room_name}”?`}
        description={info.access === "tenant" ? "It is open to the workspace, so you can come back." : "Only an owner can let you in again. What you wrote stays."}
        action="Leave"
        danger
        run={async () => {
          await leaveRoom(client, info.id, session.user.id);
          navigate("/rooms");
        }}
      />
      <Confirm
        open={dialog === "delete"}
        onOpenChange={(open) => setDialog(open ? "delete" : null)}
        title={`Delete “${info.room_name}”?`}
        description="Its document, its history and its comments go for everybody. This cannot be undone; closing it keeps them."
        action="Delete"
        danger
        run={async () => {
          await deleteRoom(client, info.id);
          navigate("/rooms");
        }}
      />
    </div>
  );
}

function Switcher({ view, onView, wide }: { view: View; onView: (view: View) => void; wide: boolean }) {
  const views = [
    ["write", "Write", SquarePen],
    ...(wide ? ([["both", "Write and read", Columns2]] as const) : []),
    ["read", "Read", Eye],
  ] as const;
  return (
    <div role="group" aria-label="View" className="flex rounded-lg border p-0.5">
      {views.map(([name, title, Icon]) => (
        <button key={name} type="button" aria-label={title} title={title} aria-pressed={view === name} onClick={() => onView(name)} className="grid size-7 place-items-center rounded-md text-ink-3 hover:text-ink aria-pressed:bg-subtle aria-pressed:text-ink">
          <Icon className="size-4" />
        </button>
      ))}
    </div>
  );
}

function Document({ info, room, view, writes }: { info: RoomInfo; room: Room; view: View; writes: boolean }) {
  const text = useMemo(() => room.doc.getText("content"), [room]);
  const undo = useMemo(() => new Y.UndoManager(text, { trackedOrigins: new Set([HERE]) }), [text]);
  const stands = useRef(true);
  useEffect(() => {
    stands.current = true;
    return () => {
      stands.current = false;
      // Drawn anew at once, it is the same one.
      setTimeout(() => !stands.current && undo.destroy(), 0);
    };
  }, [undo]);
  return (
    <div className="flex min-h-0 min-w-0 flex-1">
      {view !== "read" && (
        <div className={cn("min-h-0 min-w-0 flex-1", view === "both" && "border-r")}>
          <Suspense fallback={<Opening />}>
            <TextEditor room={room} text={text} name="content" undo={undo} label={info.room_name} language="markdown" prose readOnly={!writes} autoFocus={writes} placeholder={writes ? "Write here, in Markdown. Others see it as you write." : "Nothing is written here yet."} className="mx-auto h-full max-w-3xl px-2 sm:px-6" />
          </Suspense>
        </div>
      )}
      {view !== "write" && <Reading text={text} />}
    </div>
  );
}

function useText(text: Y.Text): string {
  return useSyncExternalStore(
    (listener) => {
      text.observe(listener);
      return () => text.unobserve(listener);
    },
    () => text.toString(),
  );
}

function Reading({ text }: { text: Y.Text }) {
  // What is drawn may lag a moment behind what is typed.
  const words = useDeferredValue(useText(text));
  return (
    <article aria-label="As it reads" className="scroll min-h-0 min-w-0 flex-1 px-4 py-4 sm:px-10">
      <div className="mx-auto max-w-3xl">{words.trim() ? <Markdown text={words} /> : <p className="text-sm text-ink-3">Nothing is written here yet.</p>}</div>
    </article>
  );
}
