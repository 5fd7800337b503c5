import { useQueryClient } from "@tanstack/react-query";
import { PanelsTopLeft, WifiOff } from "lucide-react";
import { type ComponentType, type KeyboardEvent, lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { chatKey } from "@/components/conversation/chat";
import { Composer, type ComposerHandle, type Question } from "@/components/conversation/composer";
import { ChosenDocuments, DocumentChoice } from "@/components/conversation/document-choice";
import { ghost, newKey } from "@/components/conversation/ghost";
import { RunsContext } from "@/components/conversation/runs";
import { Button } from "@/components/ui/button";
import { LoadFault, useTitle } from "@/components/ui/page";
import { Empty, Notice, Skeleton } from "@/components/ui/parts";
import { RenameDialog } from "@/components/ui/rename";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { Message } from "@/lib/api/types";
import { copyText } from "@/lib/clipboard";
import { cn } from "@/lib/cn";
import { modelName, useModels } from "@/lib/models";
import { mayWrite, useSession } from "@/lib/session";
import { useShortcut } from "@/lib/shortcuts";
import { useWide } from "@/lib/surroundings";
import { toast } from "@/lib/toast";
import { useLatest } from "@/lib/use-latest";
import { PaneView } from "./pane";
import { PaneRoom } from "./pane-room";
import { PaneTabs } from "./pane-tabs";
import { answersBeside, change, paneSessionKey, sessionsKey, shownAnswers, takeStarted, usePaneSession } from "./queries";
import { MergeDialog, type MergePanelProps, RoomSize } from "./room-dialogs";
import { RoomHeader } from "./room-header";
import { type AnswerUses, AnswerUsesContext } from "./session-context";
import { removeSession } from "./session-list";
import { SessionStream } from "./stream";
import type { Pane, PaneSession, StartedTurn } from "./types";

const CompareDialog = lazy(() => import("./compare-dialog"));

interface Props {
  id: string;
  lead: ReactNode;
  MergePanel: ComponentType<MergePanelProps>;
}

const digits = [1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

export function SessionPage({ id, lead, MergePanel }: Props) {
  const client = useQueryClient();
  const { data: session, error, refetch } = usePaneSession(id);
  const [stream] = useState(() => new SessionStream(id));
  const [connected, setConnected] = useState(true);
  useTitle(session ? session.name || "Panes" : "");

  useEffect(() => {
    if (!session) return;
    return stream.open({
      onSession: (now) => client.setQueryData(paneSessionKey(id), now),
      onConnection: setConnected,
      onGone: () => void client.resetQueries({ queryKey: paneSessionKey(id) }),
    });
    // The stream is opened once the session is known to be there, and stays.
  }, [client, id, stream, session !== undefined]);

  if (!session) {
    const missing = error instanceof ApiProblem && (error.status === 404 || error.status === 422);
    return (
      <>
        <header className="flex h-14 shrink-0 items-center px-2 sm:px-3">{lead}</header>
        <div className="mx-auto w-full max-w-3xl px-4 pt-6">
          {!error && (
            <div role="status" aria-label="Loading the panes" className="grid grid-cols-2 gap-3">
              <Skeleton className="h-80" />
              <Skeleton className="h-80" />
            </div>
          )}
          {error && !missing && <LoadFault error={error} retry={refetch} />}
          {missing && (
            <Empty
              icon={PanelsTopLeft}
              title="These panes are not here"
              action={
                <Button asChild variant="primary">
                  <Link href="/panes">All panes</Link>
                </Button>
              }
            >
              They may have been deleted, or they belong to someone else.
            </Empty>
          )}
        </div>
      </>
    );
  }
  return (
    <RunsContext value={stream.feedOf}>
      <Room session={session} connected={connected} lead={lead} MergePanel={MergePanel} />
    </RunsContext>
  );
}

interface RoomProps {
  session: PaneSession;
  connected: boolean;
  lead: ReactNode;
  MergePanel: ComponentType<MergePanelProps>;
}

function Room({ session, connected, lead, MergePanel }: RoomProps) {
  const { id, sync } = session;
  const client = useQueryClient();
  const user = useSession();
  const wide = useWide();
  const [, navigate] = useLocation();
  const { data: models } = useModels();
  const panes = useMemo(() => [...session.panes].sort((a, b) => a.pane_index - b.pane_index), [session.panes]);
  const ids = useMemo(() => panes.map((pane) => pane.id), [panes]);
  const [asked, setAsked] = useState<{ paneIds: readonly string[]; message: Message } | null>(null);
  const [without, setWithout] = useState<ReadonlySet<string>>(new Set());
  const [stopping, setStopping] = useState(false);
  const [current, setCurrent] = useState(ids[0] ?? "");
  const [finished, setFinished] = useState("");
  const [best, setBest] = useState<ReadonlySet<string>>(new Set());
  const [compared, setCompared] = useState<{ left: string; right: string } | null>(null);
  const [dialog, setDialog] = useState<"rename" | "room" | "merge" | null>(null);
  const composer = useRef<ComposerHandle>(null);
  const attempt = useRef({ question: "", key: "" });
  const choosing = useRef<Promise<void>>(Promise.resolve());

  const names = useMemo(() => {
    const seen = new Map<string, number>();
    return new Map(
      panes.map((pane) => {
        const name = modelName(models, pane.model) || "Pane";
        const before = seen.get(name) ?? 0;
        seen.set(name, before + 1);
        return [pane.id, before ? `${name} (${before + 1})` : name];
      }),
    );
  }, [panes, models]);
  const nameOf = useCallback((paneId: string) => names.get(paneId) ?? "A pane", [names]);
  const shown = ids.includes(current) ? current : (ids[0] ?? "");
  const live = panes.filter((pane) => pane.run_id !== null || pane.status === "queued" || pane.status === "streaming");
  const chosen = panes.filter((pane) => !without.has(pane.id));
  const to = sync.mode === "broadcast" && chosen.length ? chosen : panes;
  const blocked = mayWrite(user) ? null : "Viewers read; asking needs the role of a member";
  const independent = sync.mode === "independent";
  /** Several panes have answered, and none of the answers is everybody's yet. */
  const waiting = sync.mode === "synchronized" && live.length === 0 && session.last_turn?.mode === "synchronized" && !session.last_turn.common && Object.keys(session.last_turn.questions).length > 1;

  // A common answer was chosen, here or elsewhere: every pane's chat goes on from it.
  const cursor = useRef(sync.cursor);
  useEffect(() => {
    if (cursor.current === sync.cursor) return;
    cursor.current = sync.cursor;
    for (const pane of panes) if (pane.chat_id) void client.invalidateQueries({ queryKey: chatKey(pane.chat_id) });
  }, [client, panes, sync.cursor]);
  useEffect(() => {
    if (live.length === 0) setStopping(false);
  }, [live.length]);

  const patch = useLatest((body: unknown) => change(client, api.patch<PaneSession>(`/concurrent-chat/sessions/${id}`, body)));

  const documents = session.documents ?? [];
  const chooseDocuments = (next: string[]) => {
    client.setQueryData<PaneSession>(paneSessionKey(id), (now) => now && { ...now, documents: next });
    choosing.current = patch({ documents: next }).then((done) => {
      if (!done) void client.invalidateQueries({ queryKey: paneSessionKey(id) });
    });
  };

  const ask = useLatest(async (question: Question, paneIds: string[] | null): Promise<boolean> => {
    const all = paneIds ?? ids;
    setAsked({ paneIds: all, message: ghost(question) });
    setFinished("");
    try {
      // The same question sent again after a broken connection is the same request: it is not asked twice.
      const asks = JSON.stringify([question.parts, all, sync.cursor]);
      if (attempt.current.question !== asks) attempt.current = { question: asks, key: newKey() };
      // What was chosen a moment ago is to count for this question.
      await choosing.current;
      const body = { content: question.parts, ...(paneIds || independent ? { pane_ids: all } : {}) };
      const turn = await api.post<StartedTurn>(`/concurrent-chat/sessions/${id}/turns`, body, { headers: { "idempotency-key": attempt.current.key } });
      attempt.current = { question: "", key: "" };
      takeStarted(client, turn, nameOf);
      return turn.started.length > 0;
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
      return false;
    } finally {
      setAsked(null);
    }
  });

  const stopAll = async () => {
    const here = document.activeElement?.closest<HTMLElement>("[data-pane]")?.dataset.pane;
    const only = independent && live.some((pane) => pane.id === here) && here;
    setStopping(true);
    try {
      await api.post(`/concurrent-chat/sessions/${id}/stop`, only ? { pane_ids: [only] } : {});
    } catch (fault) {
      setStopping(false);
      toast(messageOf(fault), { kind: "error" });
    }
  };
  useShortcut("escape", "Stop the answers", () => void stopAll(), live.length > 0 && !stopping);

  const goTo = (paneId: string | undefined) => {
    if (!paneId) return;
    setCurrent(paneId);
    const pane = document.getElementById(`pane-${paneId}`);
    (pane?.querySelector<HTMLElement>("textarea") ?? pane)?.focus({ preventScroll: true });
  };
  const step = (by: number) => {
    const here = document.activeElement?.closest<HTMLElement>("[data-pane]")?.dataset.pane;
    const at = here ? ids.indexOf(here) : by > 0 ? -1 : 0;
    goTo(ids[(at + by + ids.length) % ids.length]);
  };
  useShortcut("f6", "Next pane", () => step(1));
  useShortcut("shift+f6", "Previous pane", () => step(-1));
  useShortcut("alt+1", "Go to pane 1, 2, … 9", () => goTo(ids[0]));
  for (const digit of digits.slice(1)) useShortcut(`alt+${digit}`, "", () => goTo(ids[digit - 1]));
  useShortcut("mod+enter", "Ask all panes, from any pane’s composer", () => composer.current?.focus());

  const onKeyDownCapture = (event: KeyboardEvent) => {
    // On a divider F6 would go to the next divider.
    if (event.key !== "F6") return;
    event.preventDefault();
    event.stopPropagation();
    step(event.shiftKey ? -1 : 1);
  };

  const addPane = async () => {
    const used = new Set(panes.map((pane) => pane.model));
    const fresh = models?.find((model) => model.available && model.task === "chat" && !used.has(model.id))?.id;
    await change(client, api.post<PaneSession>(`/concurrent-chat/sessions/${id}/panes`, { model: fresh ?? panes.at(-1)?.model ?? "auto" }));
  };

  const removePane = useLatest(async (pane: Pane) => {
    if (!(await change(client, api.delete<PaneSession>(`/concurrent-chat/sessions/${id}/panes/${pane.id}`)))) return;
    toast(`Removed ${nameOf(pane.id)}. Its chat stays in the list.`, {
      action: {
        label: "Undo",
        run: () => {
          const { model, system_prompt, parameters, chat_id, pane_index } = pane;
          void change(client, api.post<PaneSession>(`/concurrent-chat/sessions/${id}/panes`, { model, system_prompt, parameters, chat_id, pane_index }));
        },
      },
    });
  });

  const keepSizes = useLatest((sizes: Record<string, number>) => void patch({ layout: { sizes } }));

  const choose = useLatest(async (message: Message) => {
    const beside = answersBeside(shownAnswers(client, session), message.id);
    if (beside.length < 2) return void toast("No other pane has answered this question.");
    try {
      await api.post(`/concurrent-chat/sessions/${id}/best`, { message_id: message.id });
      setBest((now) => {
        const next = new Set(now).add(message.id);
        for (const other of beside.slice(1)) next.delete(other.message.id);
        return next;
      });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  });

  const compareWith = useLatest((message: Message) => {
    const answers = shownAnswers(client, session);
    const other = answersBeside(answers, message.id)[1] ?? answers.find((answer) => answer.message.id !== message.id);
    if (!other) return void toast("There is no other answer to compare with.");
    setCompared({ left: message.id, right: other.message.id });
  });

  const common = useLatest(async (answer: { message_id: string } | { text: string; merge_id: string }) => {
    if (await change(client, api.post<PaneSession>(`/concurrent-chat/sessions/${id}/common`, { turn: session.last_turn?.turn ?? 1, ...answer }))) toast("All panes go on from this answer.", { kind: "success" });
  });

  const uses = useMemo<AnswerUses>(
    () => ({ session, best, onBest: choose, onCompare: compareWith, onCommon: (message) => void common({ message_id: message.id }) }),
    [session, best, choose, compareWith, common],
  );

  const renderPane = (paneId: string) => {
    const place = ids.indexOf(paneId);
    const pane = panes[place];
    if (!pane) return null;
    return (
      <PaneView
        key={pane.id}
        sessionId={id}
        pane={pane}
        name={nameOf(pane.id)}
        place={place}
        count={panes.length}
        independent={independent}
        asked={asked?.paneIds.includes(pane.id) ? asked.message : null}
        blocked={blocked}
        ask={ask}
        onRemove={removePane}
        onFinished={setFinished}
      />
    );
  };

  return (
    <AnswerUsesContext value={uses}>
      <RoomHeader
        session={session}
        lead={lead}
        tools={independent && <DocumentChoice chosen={documents} onChange={chooseDocuments} disabled={blocked !== null} />}
        busy={live.length > 0}
        stopping={stopping}
        blocked={blocked !== null}
        onStop={() => void stopAll()}
        onLayout={(type) => void patch({ layout: { type } })}
        onSync={(body) => change(client, api.put<PaneSession>(`/concurrent-chat/sessions/${id}/sync`, body))}
        onAdd={() => void addPane()}
        onEqual={() => keepSizes(Object.fromEntries(ids.map((paneId) => [paneId, 100 / ids.length])))}
        onDelete={() => void removeSession(client, session).then((gone) => gone && navigate("/panes"))}
        onDialog={setDialog}
      />
      {!connected && (
        <Notice tone="warn" icon={WifiOff} className="mx-3 mb-2">
          The connection broke. The answers go on at the server; reconnecting…
        </Notice>
      )}
      <div className={cn("flex min-h-0 flex-1 flex-col", wide && "px-3", wide && independent && "pb-3")} onKeyDownCapture={onKeyDownCapture}>
        {wide ? (
          <PaneRoom type={session.layout.type} ids={ids} sizes={session.layout.sizes} nameOf={nameOf} onSizes={keepSizes}>
            {renderPane}
          </PaneRoom>
        ) : (
          <PaneTabs ids={ids} current={shown} nameOf={nameOf} busy={(paneId) => live.some((pane) => pane.id === paneId)} onCurrent={setCurrent}>
            {renderPane}
          </PaneTabs>
        )}
      </div>
      {!independent && (
        <div className="mx-auto w-full max-w-4xl px-3 py-2.5 pb-[max(0.75rem,env(safe-area-inset-bottom))]">
          <Composer
            ref={composer}
            draft={`panes.${id}`}
            placeholder={sync.mode === "broadcast" ? `Ask ${to.length === panes.length ? "all panes" : `${to.length} of ${panes.length} panes`}` : "Ask all panes"}
            lead={
              <>
                {sync.mode === "broadcast"
                  ? panes.length > 1 && <Choice panes={panes} without={without} nameOf={nameOf} onChange={setWithout} />
                  : waiting && (
                      <p role="status" className="px-4 pt-2.5 text-[13px] font-medium text-accent">
                        Choose the answer to go on from: “Use for all” below one of them.
                      </p>
                    )}
                <ChosenDocuments chosen={documents} onChange={chooseDocuments} />
              </>
            }
            tools={<DocumentChoice chosen={documents} onChange={chooseDocuments} disabled={blocked !== null} />}
            vision={to.every((pane) => models?.find((model) => model.id === pane.model)?.capabilities.includes("vision") ?? true)}
            streaming={to.some((pane) => live.includes(pane))}
            stopping={stopping}
            sending={asked !== null}
            blocked={blocked}
            onSend={(question) => ask(question, to.length === panes.length ? null : to.map((pane) => pane.id))}
            onSendAll={(question) => ask(question, null)}
            onStop={() => void stopAll()}
          />
        </div>
      )}
      <p role="status" className="sr-only">
        {finished}
      </p>
      <RenameDialog what="room" open={dialog === "rename"} onOpenChange={(open) => setDialog(open ? "rename" : null)} title={session.name ?? ""} onSave={(name) => void patch({ name }).then(() => client.invalidateQueries({ queryKey: sessionsKey }))} />
      {dialog === "room" && <RoomSize session={session} onSave={(max_panes) => patch({ max_panes })} onClose={() => setDialog(null)} />}
      {compared && (
        <Suspense>
          <CompareDialog answers={shownAnswers(client, session)} {...compared} nameOf={nameOf} onClose={() => setCompared(null)} />
        </Suspense>
      )}
      {dialog === "merge" && (
        <MergeDialog
          session={session}
          MergePanel={MergePanel}
          onUse={(text, merge_id) => {
            setDialog(null);
            if (sync.mode === "synchronized") void common({ text, merge_id });
            else if (composer.current) composer.current.fill(text);
            else void copyText(text).then((done) => done && toast("Copied: paste it into the pane where it should go on."));
          }}
          onClose={() => setDialog(null)}
        />
      )}
    </AnswerUsesContext>
  );
}

interface ChoiceProps {
  panes: readonly Pane[];
  without: ReadonlySet<string>;
  nameOf: (paneId: string) => string;
  onChange: (without: ReadonlySet<string>) => void;
}

/** Which panes the question goes to; none chosen is all. */
const Choice = ({ panes, without, nameOf, onChange }: ChoiceProps) => (
  <div role="group" aria-label="Panes that are asked" className="flex gap-1.5 overflow-x-auto px-3 pt-2.5 [scrollbar-width:none]">
    {panes.map((pane) => {
      const asked = !without.has(pane.id);
      return (
        <button
          key={pane.id}
          type="button"
          aria-pressed={asked}
          onClick={() => {
            const next = new Set(without);
            if (asked) next.add(pane.id);
            else next.delete(pane.id);
            onChange(next.size === panes.length ? new Set() : next);
          }}
          className={cn("h-7 max-w-48 shrink-0 truncate rounded-full border px-2.5 text-xs font-medium", asked ? "border-accent/50 bg-accent-soft text-accent" : "text-ink-3 line-through hover:text-ink")}
        >
          {nameOf(pane.id)}
        </button>
      );
    })}
  </div>
);
