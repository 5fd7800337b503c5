import { useQueryClient } from "@tanstack/react-query";
import { CopyPlus, Ellipsis, Globe, LayoutDashboard, Pencil, Plus, Trash2, Upload, Users } from "lucide-react";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { Card, LoadFault, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Notice } from "@/components/ui/parts";
import { RenameDialog } from "@/components/ui/rename";
import { api, messageOf } from "@/lib/api/client";
import { cn } from "@/lib/cn";
import { formatAgo } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { canvasesKey, pathOf, useCanvases, useTemplates } from "./queries";
import type { CanvasSummary } from "./types";

const ACCEPTED = ".zip,.json,.md,.txt,.csv,.html,.svg,.mmd,.py,.js,.ts,.tsx,.css,.sql";

/** The canvases there are, and a new one. */
export default function CanvasList() {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const [search, setSearch] = useState("");
  const [settled, setSettled] = useState("");
  const [making, setMaking] = useState(false);
  const [over, setOver] = useState(false);
  const [busy, setBusy] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useCanvases(settled);
  const canvases = data?.pages.flatMap((page) => page.items);
  const writes = mayWrite(useSession());

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 200);
    return () => clearTimeout(timer);
  }, [search]);

  const bring = async (files: Iterable<File>) => {
    setBusy(true);
    try {
      let last = "";
      for (const one of files) {
        const form = new FormData();
        form.set("file", one);
        last = (await api.post<{ id: string }>("/canvas/import", form)).id;
      }
      await queries.invalidateQueries({ queryKey: canvasesKey });
      if (last) navigate(`/canvas/${last}`);
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    } finally {
      setBusy(false);
    }
  };
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (writes) void bring(event.dataTransfer.files);
  };

  const actions = writes && (
    <div className="flex flex-wrap gap-2">
      <Button busy={busy} onClick={() => file.current?.click()}>
        <Upload className="size-4" />
        Import
      </Button>
      <Button variant="primary" onClick={() => setMaking(true)}>
        <Plus className="size-4" />
        New canvas
      </Button>
      <input ref={file} type="file" multiple accept={ACCEPTED} aria-label="Files to import" className="sr-only" tabIndex={-1} onChange={(event) => { void bring([...(event.target.files ?? [])]); event.target.value = ""; }} />
    </div>
  );

  return (
    // Files may be dropped anywhere on the page.
    <div
      className={cn("min-h-full", over && "bg-accent-soft")}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => event.currentTarget === event.target && setOver(false)}
      onDrop={onDrop}
    >
      <SettingsPage title="Canvas" description="Boards that people and models work on together, kept in versions." action={actions}>
        <section className="grid gap-3">
          <Input aria-label="Search canvases" type="search" className="w-64" placeholder="Search canvases" value={search} onChange={(event) => setSearch(event.target.value)} />
          {error && !data ? (
            <LoadFault error={error} retry={() => void refetch()} />
          ) : !canvases ? (
            <TableSkeleton />
          ) : canvases.length === 0 ? (
            <Empty
              icon={LayoutDashboard}
              title={settled ? "None fits" : "No canvas yet"}
              action={
                writes &&
                !settled && (
                  <Button variant="primary" onClick={() => setMaking(true)}>
                    <Plus className="size-4" />
                    New canvas
                  </Button>
                )
              }
            >
              {settled
                ? "No canvas has these words in its name."
                : "A canvas holds what is worth keeping of an answer: put code, a table, a diagram or a text there, change it together with others, ask a model for changes of a part, and go back to any version. Drop files here to begin with them."}
            </Empty>
          ) : (
            <Card>
              <ul aria-label="Canvases" className="divide-y">
                {canvases.map((canvas) => (
                  <Row key={canvas.id} canvas={canvas} />
                ))}
              </ul>
            </Card>
          )}
          <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
        </section>
      </SettingsPage>
      <Dialog open={making} onOpenChange={setMaking} title="New canvas" className="w-[min(94vw,40rem)]">
        <NewCanvas onCancel={() => setMaking(false)} onMade={(id) => navigate(`/canvas/${id}`)} />
      </Dialog>
    </div>
  );
}

function Row({ canvas }: { canvas: CanvasSummary }) {
  const queries = useQueryClient();
  const session = useSession();
  const [open, setOpen] = useState<"rename" | "delete" | null>(null);
  const { id, canvas_name: name } = canvas;
  const changed = () => queries.invalidateQueries({ queryKey: canvasesKey });
  const run = async (what: () => Promise<unknown>) => {
    try {
      await what();
      await changed();
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };
  const writes = canvas.role === "owner" || canvas.role === "editor";
  const mine = canvas.user_id === session.user.id;
  return (
    <li className="relative flex items-center hover:bg-hover">
      <Link href={`/canvas/${id}`} className="grid min-w-0 flex-1 gap-1 py-3 pr-14 pl-5">
        <span className="truncate text-sm font-medium">{name}</span>
        <span className="flex flex-wrap items-center gap-x-2.5 gap-y-1 text-[13px] text-ink-2">
          {!mine && <Badge>{canvas.role === "owner" || canvas.role === "editor" ? "shared with you" : `shared, as ${canvas.role}`}</Badge>}
          {mine && canvas.shared && (
            <Badge tone="accent">
              <Users aria-hidden className="size-3" />
              shared
            </Badge>
          )}
          {canvas.is_published && (
            <Badge tone="good">
              <Globe aria-hidden className="size-3" />
              published
            </Badge>
          )}
          {canvas.artifact_count === 1 ? "1 artifact" : `${canvas.artifact_count} artifacts`} · {formatAgo(canvas.updated_at)}
        </span>
      </Link>
      <Menu>
        <MenuTrigger asChild>
          <Button variant="ghost" size="icon" className="absolute right-3" aria-label={`Actions for ${name}`}>
            <Ellipsis className="size-4" />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          {writes && (
            <MenuItem onSelect={() => setTimeout(() => setOpen("rename"))}>
              <Pencil />
              Rename
            </MenuItem>
          )}
          <MenuItem onSelect={() => void run(() => api.post(`/canvas/canvases/${id}/duplicate`))}>
            <CopyPlus />
            Duplicate
          </MenuItem>
          {mine && (
            <>
              <MenuSeparator />
              <MenuItem danger onSelect={() => setTimeout(() => setOpen("delete"))}>
                <Trash2 />
                Delete
              </MenuItem>
            </>
          )}
        </MenuContent>
      </Menu>
      <RenameDialog what="canvas" open={open === "rename"} onOpenChange={() => setOpen(null)} title={name} onSave={(next) => void run(() => api.patch(`/canvas/canvases/${id}`, { canvas_name: next }))} />
      <Confirm
        open={open === "delete"}
        onOpenChange={() => setOpen(null)}
        title="Delete this canvas?"
        description={`“${name}” goes with everything on it, its versions and what was published of it, for everybody who works on it.`}
        action="Delete"
        danger
        run={async () => {
          await api.delete(pathOf(id));
          await changed();
        }}
      />
    </li>
  );
}

function NewCanvas({ onCancel, onMade }: { onCancel: () => void; onMade: (id: string) => void }) {
  const { data: templates, error } = useTemplates(true);
  const [name, setName] = useState("");
  const [type, setType] = useState("general");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const make = async () => {
    setBusy(true);
    setFault("");
    try {
      onMade((await api.post<{ id: string }>("/canvas/canvases", { canvas_name: name.trim() || null, canvas_type: type })).id);
    } catch (problem) {
      setFault(messageOf(problem));
      setBusy(false);
    }
  };
  return (
    <form
      className="grid min-w-0 gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <Field label="Name">{(ids) => <Input {...ids} autoFocus maxLength={200} placeholder="Untitled" value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <fieldset className="grid gap-2">
        <legend className="mb-1.5 text-[13px] font-medium">Begin with</legend>
        {!templates && !error && <TableSkeleton rows={2} />}
        <div className="grid gap-2 sm:grid-cols-2">
          {templates?.map((template) => (
            <label key={template.canvas_type} className="flex gap-3 rounded-xl border p-3 hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft has-focus-visible:outline-2 has-focus-visible:outline-accent">
              <input type="radio" name="template" className="mt-1 accent-accent" checked={type === template.canvas_type} onChange={() => setType(template.canvas_type)} />
              <span className="grid gap-0.5">
                <span className="text-sm font-medium">{template.name}</span>
                <span className="text-[13px] text-ink-2">{template.description}</span>
              </span>
            </label>
          ))}
        </div>
      </fieldset>
      {fault && <Notice tone="danger">{fault}</Notice>}
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          Create
        </Button>
      </DialogActions>
    </form>
  );
}
