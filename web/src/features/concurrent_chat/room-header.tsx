import { ArrowLeft, Columns2, Ellipsis, Grid2x2, Merge, Pencil, Plus, Rows2, SlidersHorizontal, Square, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { cn } from "@/lib/cn";
import { useWide } from "@/lib/surroundings";
import { type SyncBody, SyncMenu } from "./sync-menu";
import type { LayoutType, PaneSession } from "./types";

const layouts = [
  { type: "horizontal", name: "Side by side", icon: Columns2 },
  { type: "vertical", name: "One above the other", icon: Rows2 },
  { type: "grid", name: "Grid", icon: Grid2x2 },
] as const satisfies readonly { type: LayoutType; name: string; icon: unknown }[];

interface Props {
  session: PaneSession;
  lead: ReactNode;
  /** What stands at the composer, where there is no common one. */
  tools: ReactNode;
  /** Some pane is answering. */
  busy: boolean;
  stopping: boolean;
  /** The person only reads. */
  blocked: boolean;
  onStop: () => void;
  onLayout: (type: LayoutType) => void;
  onSync: (body: SyncBody) => Promise<boolean>;
  onAdd: () => void;
  onEqual: () => void;
  onDelete: () => void;
  onDialog: (dialog: "rename" | "room" | "merge") => void;
}

/** Name, layout and menu of a room of panes. */
export function RoomHeader({ session, lead, tools, busy, stopping, blocked, onStop, onLayout, onSync, onAdd, onEqual, onDelete, onDialog }: Props) {
  const wide = useWide();
  const full = session.panes.length >= session.max_panes;
  return (
    <header className="flex h-14 shrink-0 items-center gap-1 px-2 sm:px-3">
      {lead}
      <Button asChild variant="ghost" size="icon">
        <Link href="/panes" aria-label="All panes" title="All panes">
          <ArrowLeft className="size-4" />
        </Link>
      </Button>
      <h1 className="min-w-0 truncate px-1 text-[15px] font-semibold">{session.name || "Untitled panes"}</h1>
      <div className="ml-auto flex shrink-0 items-center gap-0.5">
        {busy && (
          <Button variant="ghost" size="sm" className="px-2.5" disabled={stopping} onClick={onStop}>
            <Square className="size-3 fill-current" />
            <span>
              Stop<span className="hidden sm:inline"> all</span>
            </span>
          </Button>
        )}
        {wide && (
          <div role="radiogroup" aria-label="Layout" className="mr-1 flex rounded-lg border p-0.5">
            {layouts.map(({ type, name, icon: Icon }) => (
              <button
                key={type}
                type="button"
                role="radio"
                aria-checked={session.layout.type === type}
                aria-label={name}
                title={name}
                onClick={() => onLayout(type)}
                className={cn("grid size-7 place-items-center rounded-md text-ink-3 hover:text-ink", session.layout.type === type && "bg-hover text-ink")}
              >
                <Icon className="size-4" />
              </button>
            ))}
          </div>
        )}
        {tools}
        <SyncMenu sync={session.sync} disabled={blocked} onSave={onSync} />
        <Button variant="ghost" size="sm" className="px-2.5" aria-label="Merge the answers" onClick={() => onDialog("merge")}>
          <Merge className="size-4" />
          <span className="hidden lg:inline">Merge</span>
        </Button>
        <Button
          variant="ghost"
          size="sm"
          className="px-2.5"
          aria-label="Add a pane"
          title={full ? `This room takes ${session.max_panes} panes: how many?` : "Add a pane"}
          onClick={() => (full ? onDialog("room") : onAdd())}
        >
          <Plus className="size-4" />
          <span className="hidden lg:inline">Pane</span>
        </Button>
        <Menu>
          <MenuTrigger asChild>
            <Button variant="ghost" size="icon" aria-label="Menu of these panes">
              <Ellipsis className="size-4.5" />
            </Button>
          </MenuTrigger>
          <MenuContent align="end">
            <MenuItem onSelect={() => setTimeout(() => onDialog("rename"))}>
              <Pencil />
              Rename
            </MenuItem>
            <MenuItem onSelect={() => setTimeout(() => onDialog("room"))}>
              <SlidersHorizontal />
              How many panes
            </MenuItem>
            <MenuItem onSelect={onEqual}>
              <Columns2 />
              Equal sizes
            </MenuItem>
            <MenuSeparator />
            <MenuItem danger onSelect={onDelete}>
              <Trash2 />
              Delete
            </MenuItem>
          </MenuContent>
        </Menu>
      </div>
    </header>
  );
}
