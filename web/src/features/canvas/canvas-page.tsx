import { useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, Download, Ellipsis, Globe, History, LayoutDashboard, List, MessageSquare, Pencil, Plus, Redo2, Search, Undo2, UserPlus } from "lucide-react";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link } from "wouter";
import * as Y from "yjs";
import { Comments } from "@/components/rooms/comments";
import { ConnectionState, NotAdmitted } from "@/components/rooms/connection-state";
import { HistoryDialog } from "@/components/rooms/history-dialog";
import { Presence } from "@/components/rooms/presence";
import { ShareDialog } from "@/components/rooms/share-dialog";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuLabel, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { LoadFault, useTitle } from "@/components/ui/page";
import { Empty, Skeleton } from "@/components/ui/parts";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { RenameDialog } from "@/components/ui/rename";
import { api, messageOf } from "@/lib/api/client";
import { cn } from "@/lib/cn";
import { type Room, useRoom, useRoomStatus } from "@/lib/rooms";
import { useShortcut } from "@/lib/shortcuts";
import { useWide } from "@/lib/surroundings";
import { toast } from "@/lib/toast";
import { icons } from "./artifact-frame";
import { AskDialog } from "./ask-dialog";
import type { BoardHandle } from "./board";
import { CanvasContext, type CanvasRoom, type Selection, useArtifacts } from "./context";
import { ListView } from "./list-view";
import { typeNames } from "./looks";
import { add, type Artifact, type ArtifactType, bodyOf, search, titleOf, undoOf } from "./model";
import { PublishDialog } from "./publish-dialog";
import { canvasesKey, canvasKey, saveExport, useCanvas } from "./queries";
import type { CanvasSummary } from "./types";
import { PlaceDialog } from "./place-dialog";
import { VersionsDialog } from "./versions-dialog";

const Board = lazy(() => import("./board"));

interface Props {
  id: string;
  /** What opens the sidebar. */
  lead: ReactNode;
}

/** One canvas, with whoever else is on it. */
export default function CanvasPage({ id, lead }: Props) {
  const { data: canvas, error, refetch } = useCanvas(id);
  const room = useRoom(canvas?.room_id ?? null);
  useTitle(canvas?.canvas_name ?? "Canvas");
  if (error && !canvas)
    return (
      <>
        <header className="flex h-14 shrink-0 items-center gap-1 px-2 sm:px-3">{lead}</header>
        <div className="p-6">
          <LoadFault error={error} retry={() => void refetch()} />
        </div>
      </>
    );
  if (!canvas || !room)
    return (
      <>
        <header className="flex h-14 shrink-0 items-center gap-1 px-2 sm:px-3">{lead}</header>
        <div className="grid gap-4 p-6" role="status" aria-label="Loading">
          <Skeleton className="h-72 max-w-lg rounded-xl" />
        </div>
      </>
    );
  return <Open canvas={canvas} room={room} lead={lead} />;
}

type Open = { what: "ask" | "versions" | "place"; id: string; selection: Selection | null } | { what: "share" | "publish" | "rename" | "history" } | null;
type View = "board" | "list";
const VIEW = "radiant.canvas.view";

function readView(wide: boolean): View {
  try {
    const kept = localStorage.getItem(VIEW);
    if (kept === "board" || kept === "list") return kept;
  } catch {
    // Storage may be blocked: the window's width decides.
  }
  return wide ? "board" : "list";
}

function Open({ canvas, room, lead }: { canvas: CanvasSummary; room: Room; lead: ReactNode }) {
  const queries = useQueryClient();
  const wide = useWide();
  const status = useRoomStatus(room);
  const { doc } = room;
  const artifacts = useArtifacts(doc);
  const [view, setView] = useState<View>(() => readView(wide));
  const [editing, setEditing] = useState<string | null>(null);
  const [open, setOpen] = useState<Open>(null);
  const [talk, setTalk] = useState<{ artifact: string | null; selection: Selection | null } | null>(null);
  const board = useRef<BoardHandle>(null);
  const { writes } = status;
  const undo = useMemo(() => undoOf(doc), [doc]);
  useEffect(() => () => undo.destroy(), [undo]);
  const depth = useUndoDepth(undo);

  const edit = useCallback((id: string | null) => {
    setEditing((before) => {
      // Whoever leaves a text goes on from the artifact that holds it.
      if (id === null && before !== null) requestAnimationFrame(() => focusArtifact(before));
      return id;
    });
  }, []);
  const context = useMemo<CanvasRoom>(
    () => ({
      canvasId: canvas.id,
      room,
      doc,
      undo,
      writes,
      me: status.user?.id ?? "",
      editing,
      edit,
      ask: (id, selection) => setOpen({ what: "ask", id, selection }),
      versions: (id) => setOpen({ what: "versions", id, selection: null }),
      placing: (id) => setOpen({ what: "place", id, selection: null }),
      comment: (artifact, selection) => setTalk({ artifact, selection }),
    }),
    [canvas.id, room, doc, undo, writes, status.user?.id, editing, edit],
  );

  const show = (id: string) => (view === "board" ? board.current?.show(id) : focusArtifact(id));
  const make = (type: ArtifactType) => {
    const id = add(doc, { type, by: context.me }, board.current?.middle());
    // Drawn by then, and the menu has given the focus back.
    setTimeout(() => {
      show(id);
      edit(id);
    }, 60);
  };
  const back = () => undo.undo();
  const again = () => undo.redo();
  useShortcut("mod+z", "Undo on the canvas", back, writes);
  useShortcut("mod+shift+z", "Redo on the canvas", again, writes);
  useShortcut("n", "New text on the canvas", () => make("markdown"), writes && open === null);
  useShortcut("/", "Search the canvas", () => document.getElementById("canvas-search")?.click(), open === null);

  const turn = (next: View) => {
    setView(next);
    try {
      localStorage.setItem(VIEW, next);
    } catch {
      // The choice lasts until the page is closed then.
    }
  };

  const dialogOf = <W extends NonNullable<Open>["what"]>(what: W) => (open?.what === what ? (open as Extract<NonNullable<Open>, { what: W }>) : null);
  const asked = dialogOf("ask") as { id: string; selection: Selection | null } | null;
  const looked = dialogOf("versions") as { id: string } | null;
  const placed = dialogOf("place") as { id: string } | null;
  const artifactOf = (id: string | undefined): Artifact | undefined => artifacts.find((one) => one.id === id);
  const close = () => setOpen(null);
  const rename = async (name: string) => {
    try {
      queries.setQueryData(canvasKey(canvas.id), await api.patch<CanvasSummary>(`/canvas/canvases/${canvas.id}`, { canvas_name: name }));
      void queries.invalidateQueries({ queryKey: canvasesKey });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };

  if (status.state === "denied")
    return (
      <>
        <header className="flex h-14 shrink-0 items-center gap-1 px-2 sm:px-3">{lead}</header>
        <NotAdmitted room={room} what="canvas" />
      </>
    );
  return (
    <CanvasContext value={context}>
      <header className="flex h-14 shrink-0 items-center gap-1 border-b px-2 sm:px-3">
        {lead}
        <Button asChild variant="ghost" size="icon">
          <Link href="/canvas" aria-label="All canvases" title="All canvases">
            <ArrowLeft className="size-4" />
          </Link>
        </Button>
        <h1 className="min-w-0 truncate px-1 text-[15px] font-semibold">{canvas.canvas_name}</h1>
        <ConnectionState room={room} className="ml-1 max-sm:[&>svg]:mr-1" />
        <div className="ml-auto flex shrink-0 items-center gap-1">
          {wide && <Presence room={room} />}
          {status.role === "owner" && (
            <Button size="sm" className="max-sm:px-2" onClick={() => setOpen({ what: "share" })}>
              <UserPlus className="size-4" />
              <span className="max-sm:sr-only">Share</span>
            </Button>
          )}
          <CanvasMenu canvas={canvas} owns={status.role === "owner"} writes={writes} onOpen={(what) => setOpen({ what })} />
        </div>
      </header>
      <div className="flex min-h-0 flex-1">
        <div className="relative flex min-w-0 flex-1 flex-col bg-panel">
          <div role="toolbar" aria-label="Canvas" className="flex shrink-0 flex-wrap items-center gap-0.5 border-b bg-bg px-2 py-1 sm:px-3">
            {writes && <AddMenu onAdd={make} />}
            {writes && (
              <>
                <Tool label="Undo" icon={Undo2} disabled={depth[0] === 0} run={back} />
                <Tool label="Redo" icon={Redo2} disabled={depth[1] === 0} run={again} />
              </>
            )}
            <Find doc={doc} artifacts={artifacts} onFound={show} />
            <div role="group" aria-label="View" className="ml-auto flex rounded-lg border p-0.5">
              {(
                [
                  ["board", "Board", LayoutDashboard],
                  ["list", "List", List],
                ] as const
              ).map(([name, label, Icon]) => (
                <button key={name} type="button" aria-pressed={view === name} onClick={() => turn(name)} className={cn("flex h-7 items-center gap-1.5 rounded-md px-2 text-[13px] text-ink-2 hover:text-ink", view === name && "bg-subtle text-ink")}>
                  <Icon aria-hidden className="size-4" />
                  <span className="max-sm:sr-only">{label}</span>
                </button>
              ))}
            </div>
            <Button variant="ghost" size="icon" aria-label="Comments" title="Comments" aria-pressed={talk !== null} onClick={() => setTalk(talk ? null : { artifact: null, selection: null })}>
              <MessageSquare className={cn("size-4", talk && "text-accent")} />
            </Button>
          </div>
          {!status.loaded ? (
            <div className="grid gap-4 p-6" role="status" aria-label="Loading">
              <Skeleton className="h-72 max-w-lg rounded-xl" />
            </div>
          ) : artifacts.length === 0 ? (
            <Empty icon={LayoutDashboard} title="Nothing is here yet" className="m-6 bg-bg" action={writes && <AddMenu onAdd={make} words="Add the first artifact" />}>
              {writes ? "Add a text, code, a table or a diagram, or send an answer here from a chat: its menu has “Send to canvas”." : "Whoever may write here has not put anything on it."}
            </Empty>
          ) : view === "board" ? (
            <Suspense fallback={<Skeleton className="m-6 h-72 max-w-lg rounded-xl" />}>
              <Board artifacts={artifacts} handle={board} />
            </Suspense>
          ) : (
            <ListView artifacts={artifacts} />
          )}
        </div>
        {talk && (
          <aside className="flex w-80 shrink-0 border-l bg-bg max-md:fixed max-md:inset-y-0 max-md:right-0 max-md:z-40 max-md:w-[min(92vw,22rem)] max-md:shadow-pop">
          <Comments
            room={room}
            about={talk.artifact ? { artifact: talk.artifact, quote: talk.selection?.text.slice(0, 1000) ?? null, ...relative(doc, talk.artifact, talk.selection) } : null}
            nameOf={(artifact) => (artifactOf(artifact) ? titleOf(artifactOf(artifact) as Artifact) : "an artifact that is gone")}
            onShow={(artifact) => artifactOf(artifact) && show(artifact)}
            onDone={() => setTalk({ artifact: null, selection: null })}
            onClose={() => setTalk(null)}
          />
          </aside>
        )}
      </div>
      {asked && artifactOf(asked.id) && <AskDialog key={asked.id} artifact={artifactOf(asked.id) as Artifact} selection={asked.selection} onClose={close} />}
      {placed && artifactOf(placed.id) && <PlaceDialog artifact={artifactOf(placed.id) as Artifact} onClose={close} />}
      {looked && artifactOf(looked.id) && <VersionsDialog artifact={artifactOf(looked.id) as Artifact} onClose={close} />}
      <ShareDialog roomId={room.id} what="canvas" open={dialogOf("share") !== null} onOpenChange={close} />
      {dialogOf("history") && <HistoryDialog room={room} onClose={close} />}
      {dialogOf("publish") && <PublishDialog canvasId={canvas.id} onClose={close} />}
      <RenameDialog what="canvas" open={dialogOf("rename") !== null} onOpenChange={close} title={canvas.canvas_name} onSave={(name) => void rename(name)} />
    </CanvasContext>
  );
}

const focusArtifact = (id: string) => {
  const element = document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"], #artifact-${CSS.escape(id)}`);
  element?.focus({ preventScroll: true });
  if (element?.id) element.scrollIntoView({ block: "nearest" });
};

/** Where a selection is, in a way that moves along with the text. */
function relative(doc: Y.Doc, id: string, selection: Selection | null): { from: string | null; to: string | null } {
  const text = bodyOf(doc, id);
  if (!text || !selection) return { from: null, to: null };
  const at = (index: number) => JSON.stringify(Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index)));
  return { from: at(selection.from), to: at(selection.to) };
}

function useUndoDepth(undo: Y.UndoManager): readonly [number, number] {
  const [depth, setDepth] = useState<readonly [number, number]>([0, 0]);
  useEffect(() => {
    const changed = () => setDepth([undo.undoStack.length, undo.redoStack.length]);
    const events = ["stack-item-added", "stack-item-popped", "stack-cleared"] as const;
    for (const name of events) undo.on(name, changed);
    return () => {
      for (const name of events) undo.off(name, changed);
    };
  }, [undo]);
  return depth;
}

const Tool = ({ label, icon: Icon, disabled, run }: { label: string; icon: typeof Undo2; disabled: boolean; run: () => void }) => (
  <Button variant="ghost" size="icon" aria-label={label} title={label} disabled={disabled} onClick={run}>
    <Icon className="size-4" />
  </Button>
);

function AddMenu({ onAdd, words = "Add" }: { onAdd: (type: ArtifactType) => void; words?: string }) {
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button size="sm">
          <Plus className="size-4" />
          {words}
        </Button>
      </MenuTrigger>
      <MenuContent align="start">
        {typeNames.map(([type, name]) => {
          const Icon = icons[type];
          return (
            <MenuItem key={type} onSelect={() => onAdd(type)}>
              <Icon />
              {name}
            </MenuItem>
          );
        })}
      </MenuContent>
    </Menu>
  );
}

function Find({ doc, artifacts, onFound }: { doc: Y.Doc; artifacts: readonly Artifact[]; onFound: (id: string) => void }) {
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState("");
  const found = useMemo(() => (open ? search(doc, artifacts, words) : []), [open, doc, artifacts, words]);
  const take = (id: string | undefined) => {
    if (!id) return;
    setOpen(false);
    setTimeout(() => onFound(id));
  };
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild>
        <Button id="canvas-search" variant="ghost" size="icon" aria-label="Search the canvas" title="Search the canvas">
          <Search className="size-4" />
        </Button>
      </PopoverTrigger>
      <PopoverContent align="start" className="w-80 p-2" onCloseAutoFocus={(event) => event.preventDefault()}>
        <input
          type="search"
          autoFocus
          aria-label="Search the canvas"
          placeholder="Words in a name or a text"
          value={words}
          onChange={(event) => setWords(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && !event.nativeEvent.isComposing && take(found[0]?.id)}
          className="h-9 w-full rounded-lg border bg-bg px-3 text-sm outline-accent"
        />
        {words.trim() && (
          <ul aria-label="Found" className="scroll mt-1 max-h-64">
            {found.slice(0, 30).map((one) => {
              const Icon = icons[one.type];
              return (
                <li key={one.id}>
                  <button type="button" className="flex w-full items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-left text-sm hover:bg-hover" onClick={() => take(one.id)}>
                    <Icon aria-hidden className="size-4 shrink-0 text-ink-3" />
                    <span className="truncate">{titleOf(one)}</span>
                  </button>
                </li>
              );
            })}
            {found.length === 0 && <li className="px-2.5 py-3 text-sm text-ink-3">Nothing here has these words.</li>}
          </ul>
        )}
      </PopoverContent>
    </Popover>
  );
}

const formats = [
  ["markdown", "Markdown"],
  ["html", "Web page"],
  ["pdf", "PDF"],
  ["png", "Picture"],
  ["zip", "All files (ZIP)"],
] as const;

function CanvasMenu({ canvas, owns, writes, onOpen }: { canvas: CanvasSummary; owns: boolean; writes: boolean; onOpen: (what: "publish" | "rename" | "history") => void }) {
  const save = async (format: string) => {
    try {
      await saveExport(canvas.id, canvas.canvas_name, format);
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="ghost" size="icon" aria-label="More about this canvas">
          <Ellipsis className="size-4" />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {writes && (
          <MenuItem onSelect={() => setTimeout(() => onOpen("rename"))}>
            <Pencil />
            Rename
          </MenuItem>
        )}
        <MenuItem onSelect={() => setTimeout(() => onOpen("history"))}>
          <History />
          History of all
        </MenuItem>
        {owns && (
          <MenuItem onSelect={() => setTimeout(() => onOpen("publish"))}>
            <Globe />
            Publish
          </MenuItem>
        )}
        <MenuSeparator />
        <MenuLabel>Export</MenuLabel>
        {formats.map(([format, name]) => (
          <MenuItem key={format} onSelect={() => void save(format)}>
            <Download />
            {name}
          </MenuItem>
        ))}
      </MenuContent>
    </Menu>
  );
}
