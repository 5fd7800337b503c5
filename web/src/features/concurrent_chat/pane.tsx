import { useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, ArrowRight, Ellipsis, ExternalLink, Settings2, Square, Trash2 } from "lucide-react";
import { memo, type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { chatKey, chatsKey, putMessages, refreshTitle, updateChat, useChat } from "@/components/conversation/chat";
import { Composer, type Question } from "@/components/conversation/composer";
import { Conversation } from "@/components/conversation/conversation";
import { ConversationSkeleton } from "@/components/conversation/conversation-skeleton";
import { ModelPicker } from "@/components/conversation/model-picker";
import { type RunState, withRun } from "@/components/conversation/run-state";
import { type Pending, Turns, useThread } from "@/components/conversation/thread";
import { newestLeaf } from "@/components/conversation/tree";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { LoadFault } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { Spinner } from "@/components/ui/spinner";
import { api, messageOf } from "@/lib/api/client";
import type { Message, NewPart } from "@/lib/api/types";
import { modelName, useModels } from "@/lib/models";
import { toast } from "@/lib/toast";
import { useLatest } from "@/lib/use-latest";
import { AnswerActions } from "./answer-actions";
import { PaneSettings } from "./pane-settings";
import { change, takeStarted } from "./queries";
import type { Pane, PaneSession, StartedTurn } from "./types";

interface Props {
  sessionId: string;
  pane: Pane;
  name: string;
  /** How many panes there are; `pane.pane_index` counts among them. */
  place: number;
  count: number;
  /** A composer of its own. */
  independent: boolean;
  /** Asked a moment ago, and not yet taken by the server. */
  asked: Message | null;
  blocked: string | null;
  /** Asks these panes; tells whether one of them took it. */
  ask: (question: Question, paneIds: string[] | null) => Promise<boolean>;
  onRemove: (pane: Pane) => void;
  onFinished: (said: string) => void;
}

/** So many of the newest messages of each pane are in the page at first. */
const WINDOW = 60;
export const PaneView = memo(({ sessionId, pane, name, place, count, independent, asked, blocked, ask, onRemove, onFinished }: Props) => {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const more = useCallback((message: Message): ReactNode => <AnswerActions message={message} paneId={pane.id} />, [pane.id]);
  const { data: chat, error, refetch } = useChat(pane.chat_id);
  const { data: models } = useModels();
  const [changed, setChanged] = useState<Pending | null>(null);
  const [sending, setSending] = useState(false);
  const [stopping, setStopping] = useState(false);
  const [settings, setSettings] = useState(false);
  const follow = useRef(0);
  const pending: Pending | null = changed ?? (asked && { message: asked });
  const thread = useThread(chat, pending);
  const { tree, running } = thread;
  const busy = running !== null || sending || asked !== null;
  if (asked) follow.current = Date.parse(asked.created_at);

  useEffect(() => {
    if (!running) setStopping(false);
  }, [running]);

  useEffect(() => {
    // Another tab, or another device, has asked here: its messages are fetched, its run's words are here already.
    if (pane.run_id && pane.chat_id && chat && !chat.messages.some((message) => message.run_id === pane.run_id)) void client.invalidateQueries({ queryKey: chatKey(pane.chat_id) });
  }, [client, pane.run_id, pane.chat_id, chat]);

  const start = async (turn: Promise<StartedTurn>): Promise<boolean> => {
    setSending(true);
    try {
      const started = await turn;
      takeStarted(client, started, () => name);
      return started.started.length > 0;
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
      return false;
    } finally {
      setSending(false);
      setChanged(null);
    }
  };

  const edit = useLatest((message: Message, parts: NewPart[]) => {
    const content = parts.map((part) => (part.type === "text" ? part : (message.content.find((old) => old.type === "image" && old.asset_id === part.asset_id) ?? { ...part, url: "" })));
    setChanged({ parentId: message.parent_id, message: { ...message, id: "pending", content } });
    return start(api.post<StartedTurn>(`/concurrent-chat/sessions/${sessionId}/panes/${pane.id}/edit`, { message_id: message.id, content: parts }));
  });

  const retry = useLatest((message: Message, model?: string) => {
    void start(api.post<StartedTurn>(`/concurrent-chat/sessions/${sessionId}/panes/${pane.id}/retry`, { message_id: message.id, ...(model ? { model } : {}) }));
  });

  const resume = useLatest(() => {
    const text = "Continue exactly where you stopped.";
    void ask({ parts: [{ type: "text", text }], text, images: [] }, [pane.id]);
  });

  const branch = useLatest((to: string) => pane.chat_id && void updateChat(client, pane.chat_id, { leaf_message_id: newestLeaf(tree, to) }));

  const settled = useLatest((message: Message, run: RunState) => {
    if (!pane.chat_id) return;
    if (run.message || run.failure) putMessages(client, pane.chat_id, [withRun(message, run)]);
    // Without the stored message (its log is gone) only the server knows how it ended.
    if (!run.message) void client.invalidateQueries({ queryKey: chatKey(pane.chat_id) });
    void client.invalidateQueries({ queryKey: chatsKey });
    void refreshTitle(client, pane.chat_id).catch(() => undefined);
    onFinished(`${modelName(models, run.message?.model ?? message.model) || name} ${run.phase === "failed" ? "failed" : "finished"}`);
  });

  const stop = async () => {
    setStopping(true);
    try {
      await api.post(`/concurrent-chat/sessions/${sessionId}/stop`, { pane_ids: [pane.id] });
    } catch (fault) {
      setStopping(false);
      toast(messageOf(fault), { kind: "error" });
    }
  };

  const patch = useCallback(
    (body: Partial<Pane>) => change(client, api.patch<PaneSession>(`/concurrent-chat/sessions/${sessionId}/panes/${pane.id}`, body)),
    [client, sessionId, pane.id],
  );

  const model = models?.find((each) => each.id === pane.model);
  const instructed = pane.system_prompt !== "" || Object.values(pane.parameters).some((value) => value !== null && value !== undefined);

  return (
    <section
      id={`pane-${pane.id}`}
      data-pane={pane.id}
      aria-label={`Pane ${place + 1}: ${name}`}
      tabIndex={-1}
      className="flex min-h-0 min-w-0 flex-1 flex-col overflow-hidden rounded-xl border bg-bg contain-content outline-none focus-within:border-line-strong focus:border-accent"
    >
      <header className="flex h-11 shrink-0 items-center gap-0.5 border-b pr-1 pl-1">
        <ModelPicker value={pane.model} onPick={(id) => void patch({ model: id })} disabled={busy} />
        {model && !model.available && <Badge tone="warn">unavailable</Badge>}
        <div className="ml-auto flex items-center">
          {running && (
            <Button variant="ghost" size="icon" aria-label={`Stop ${name}`} title="Stop" disabled={stopping} onClick={() => void stop()}>
              {stopping ? <Spinner /> : <Square className="size-3.5 fill-current" />}
            </Button>
          )}
          <Button variant="ghost" size="icon" className="relative" aria-label={`Settings of ${name}`} title="Instructions and parameters" onClick={() => setSettings(true)}>
            <Settings2 className="size-4" />
            {instructed && <span className="absolute top-1 right-1 size-1.5 rounded-full bg-accent" title="Set" />}
          </Button>
          <Menu>
            <MenuTrigger asChild>
              <Button variant="ghost" size="icon" aria-label={`Menu of ${name}`}>
                <Ellipsis className="size-4" />
              </Button>
            </MenuTrigger>
            <MenuContent align="end">
              <MenuItem disabled={place === 0} onSelect={() => void patch({ pane_index: pane.pane_index - 1 })}>
                <ArrowLeft />
                Move before
              </MenuItem>
              <MenuItem disabled={place === count - 1} onSelect={() => void patch({ pane_index: pane.pane_index + 1 })}>
                <ArrowRight />
                Move after
              </MenuItem>
              <MenuItem disabled={!pane.chat_id} onSelect={() => navigate(`/chat/${pane.chat_id}`)}>
                <ExternalLink />
                Open as a chat
              </MenuItem>
              <MenuSeparator />
              <MenuItem danger disabled={count === 1} onSelect={() => onRemove(pane)}>
                <Trash2 />
                Remove
              </MenuItem>
            </MenuContent>
          </Menu>
        </div>
      </header>
      {error && !chat ? (
        <div className="p-3">
          <LoadFault error={error} retry={refetch} />
        </div>
      ) : pane.chat_id && !chat ? (
        <div className="p-4">
          <ConversationSkeleton />
        </div>
      ) : (
        <Conversation
          follow={follow.current}
          label={`Conversation with ${name}`}
          footer={
            independent && (
              <Composer
                draft={`pane.${pane.id}`}
                id={`composer-${pane.id}`}
                label={`Your message to ${name}`}
                placeholder={`Ask ${name}`}
                eager={false}
                vision={model ? model.capabilities.includes("vision") : true}
                streaming={running !== null}
                stopping={stopping}
                sending={sending || asked !== null}
                blocked={blocked}
                onSend={(question) => ask(question, [pane.id])}
                onSendAll={(question) => ask(question, null)}
                onStop={() => void stop()}
              />
            )
          }
        >
          {thread.path.length === 0 && (
            <p className="py-10 text-center text-[13px] text-ink-3">
              {pane.chat_id ? `${name} answers here.` : "The chat of this pane was deleted. The next question starts another."}
              {pane.system_prompt && <span className="mt-1 line-clamp-3 block">“{pane.system_prompt}”</span>}
            </p>
          )}
          <Turns thread={thread} pending={pending} busy={busy} window={WINDOW} onEdit={edit} onRetry={retry} onContinue={resume} onBranch={branch} onSettled={settled} more={more} />
        </Conversation>
      )}
      {settings && <PaneSettings pane={pane} name={name} onSave={patch} onClose={() => setSettings(false)} />}
    </section>
  );
});
