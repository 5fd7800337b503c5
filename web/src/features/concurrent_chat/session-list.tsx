import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { Ellipsis, PanelsTopLeft, Pencil, Plus, Search, Trash2, X } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { ModelPicker } from "@/components/conversation/model-picker";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { Card, LoadFault, ShowMore, TableSkeleton, useTitle } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { RenameDialog } from "@/components/ui/rename";
import { api, messageOf } from "@/lib/api/client";
import { formatAgo } from "@/lib/format";
import { isChatModel, modelName, useModels } from "@/lib/models";
import { mayWrite, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { change, paneSessionKey, sessionsKey, usePaneSessions } from "./queries";
import { modes } from "./sync-menu";
import type { PaneSession, PaneSessionSummary, SyncMode } from "./types";

/** Deletes a room; the chats of its panes stay. Tells whether it was deleted. */
export async function removeSession(client: QueryClient, session: { id: string; name: string | null }): Promise<boolean> {
  try {
    await api.delete(`/concurrent-chat/sessions/${session.id}`);
  } catch (fault) {
    toast(messageOf(fault), { kind: "error" });
    return false;
  }
  client.removeQueries({ queryKey: paneSessionKey(session.id) });
  await client.invalidateQueries({ queryKey: sessionsKey });
  toast(`Deleted “${session.name || "Untitled panes"}”. Its chats stay in the list.`);
  return true;
}

export function SessionList({ lead }: { lead: ReactNode }) {
  useTitle("Panes");
  const client = useQueryClient();
  const user = useSession();
  const { data: models } = useModels();
  const [search, setSearch] = useState("");
  const [settled, setSettled] = useState("");
  const [renamed, setRenamed] = useState<PaneSessionSummary | null>(null);
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = usePaneSessions(settled);
  const sessions = data?.pages.flatMap((page) => page.items) ?? [];
  const first = data !== undefined && sessions.length === 0 && !settled;

  useEffect(() => {
    const timer = setTimeout(() => setSettled(search.trim()), 180);
    return () => clearTimeout(timer);
  }, [search]);

  return (
    <>
      <header className="flex h-14 shrink-0 items-center gap-1 px-2 sm:px-3">{lead}</header>
      <div className="scroll min-h-0 flex-1">
        <div className="mx-auto grid w-full max-w-4xl gap-6 px-4 pb-16 sm:px-8 sm:pt-4">
          <div>
            <h1 className="text-[22px] leading-tight font-semibold tracking-tight">Panes</h1>
            <p className="mt-1.5 max-w-xl text-sm text-ink-2">Several models side by side. Ask all of them at once, compare what they say, and go on with the best.</p>
          </div>
          {mayWrite(user) && <NewSession />}
          {first && <Lessons />}
          {!first && (
            <section aria-label="Earlier rooms" className="grid gap-3">
              <div className="relative max-w-sm">
                <Search aria-hidden className="pointer-events-none absolute top-2.5 left-2.5 size-4 text-ink-3" />
                <input
                  type="search"
                  aria-label="Search panes"
                  placeholder="Search panes"
                  value={search}
                  onChange={(event) => setSearch(event.target.value)}
                  className="h-9 w-full rounded-lg bg-subtle pr-3 pl-8.5 text-sm"
                />
              </div>
              {isPending && <TableSkeleton />}
              {error && !data && <LoadFault error={error} retry={refetch} />}
              {data && sessions.length === 0 && <p className="py-4 text-sm text-ink-2">Nothing found for “{settled}”.</p>}
              {sessions.length > 0 && (
                <Card>
                  <ul>
                    {sessions.map((session) => (
                      <li key={session.id} className="relative flex items-center border-t first:border-t-0 hover:bg-hover">
                        <Link href={`/panes/${session.id}`} className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-1 rounded-xl py-3 pr-12 pl-4">
                          <span className="min-w-0 truncate text-sm font-medium">{session.name || "Untitled panes"}</span>
                          <span className="flex min-w-0 flex-wrap gap-1">
                            {session.models.slice(0, 4).map((model, at) => (
                              <Badge key={at}>{modelName(models, model)}</Badge>
                            ))}
                            {session.models.length > 4 && <Badge>+{session.models.length - 4}</Badge>}
                          </span>
                          <span className="ml-auto text-[13px] whitespace-nowrap text-ink-3">{formatAgo(session.updated_at)}</span>
                        </Link>
                        <Menu>
                          <MenuTrigger asChild>
                            <Button variant="ghost" size="icon" className="absolute right-2" aria-label={`Menu of ${session.name || "Untitled panes"}`}>
                              <Ellipsis className="size-4" />
                            </Button>
                          </MenuTrigger>
                          <MenuContent align="end">
                            <MenuItem onSelect={() => setTimeout(() => setRenamed(session))}>
                              <Pencil />
                              Rename
                            </MenuItem>
                            <MenuSeparator />
                            <MenuItem danger onSelect={() => void removeSession(client, session)}>
                              <Trash2 />
                              Delete
                            </MenuItem>
                          </MenuContent>
                        </Menu>
                      </li>
                    ))}
                  </ul>
                </Card>
              )}
              <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
            </section>
          )}
        </div>
      </div>
      <RenameDialog
        what="room"
        open={renamed !== null}
        onOpenChange={(open) => !open && setRenamed(null)}
        title={renamed?.name ?? ""}
        onSave={(name) => renamed && void change(client, api.patch<PaneSession>(`/concurrent-chat/sessions/${renamed.id}`, { name })).then(() => client.invalidateQueries({ queryKey: sessionsKey }))}
      />
    </>
  );
}

/** The models of a new room, and how its panes hang together. */
function NewSession() {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const { data: models } = useModels();
  const [chosen, setChosen] = useState<string[] | null>(null);
  const [mode, setMode] = useState<SyncMode>("broadcast");
  const [busy, setBusy] = useState(false);
  const usable = models?.filter((model) => isChatModel(model) && model.available && model.id !== "auto").map((model) => model.id) ?? [];
  const picked = chosen ?? [usable[0] ?? "auto", usable[1] ?? usable[0] ?? "auto"];

  const create = async () => {
    setBusy(true);
    try {
      const made = await api.post<PaneSession>("/concurrent-chat/sessions", {
        panes: picked.map((model) => ({ model })),
        layout: { type: picked.length > 3 ? "grid" : "horizontal" },
        max_panes: Math.max(4, picked.length),
        sync_mode: mode,
      });
      client.setQueryData(paneSessionKey(made.id), made);
      void client.invalidateQueries({ queryKey: sessionsKey });
      navigate(`/panes/${made.id}`);
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
      setBusy(false);
    }
  };

  return (
    <form
      aria-label="New room"
      className="grid gap-3 rounded-xl border bg-raised p-4"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <ul aria-label="Panes" className="flex flex-wrap gap-2">
        {picked.map((model, at) => (
          <li key={at} className="flex max-w-full items-center rounded-lg border pr-1">
            <ModelPicker value={model} onPick={(id) => setChosen(picked.map((each, i) => (i === at ? id : each)))} />
            {picked.length > 1 && (
              <Button variant="ghost" size="icon" className="size-7" aria-label={`Without pane ${at + 1}`} onClick={() => setChosen(picked.filter((_, i) => i !== at))}>
                <X className="size-3.5" />
              </Button>
            )}
          </li>
        ))}
        {picked.length < 16 && (
          <li>
            <Button variant="ghost" className="px-3" onClick={() => setChosen([...picked, usable.find((id) => !picked.includes(id)) ?? picked.at(-1) ?? "auto"])}>
              <Plus className="size-4" />
              One more
            </Button>
          </li>
        )}
      </ul>
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div role="radiogroup" aria-label="Sync mode" className="flex flex-wrap gap-1">
          {modes.map(({ mode: each, name, icon: Icon, tells }) => (
            <Button key={each} size="sm" role="radio" aria-checked={mode === each} title={tells} variant={mode === each ? "outline" : "ghost"} onClick={() => setMode(each)}>
              <Icon className="size-3.5" />
              {name}
            </Button>
          ))}
        </div>
        <Button type="submit" variant="primary" busy={busy}>
          <PanelsTopLeft className="size-4" />
          Open the panes
        </Button>
      </div>
      <p className="text-[13px] text-ink-3">{modes.find((each) => each.mode === mode)?.tells}</p>
    </form>
  );
}

const lessons = [
  ["Compare before you trust", "Ask two models the same thing and look at the sentences that differ."],
  ["Find your model", "Say which answer was best: routing by “auto” learns from it."],
  ["Keep one thread", "In synchronized mode the answer you choose becomes the history of all."],
] as const;

/** Where nothing is yet: what panes are good for. */
const Lessons = () => (
  <ul className="grid gap-3 sm:grid-cols-3" aria-label="What panes are good for">
    {lessons.map(([title, text]) => (
      <li key={title} className="rounded-xl border border-dashed p-4">
        <p className="text-sm font-medium">{title}</p>
        <p className="mt-1 text-[13px] text-ink-2">{text}</p>
      </li>
    ))}
  </ul>
);
