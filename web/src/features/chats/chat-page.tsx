import { useQueryClient } from "@tanstack/react-query";
import { MessageSquareX } from "lucide-react";
import { lazy, type ReactNode, Suspense, useCallback, useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { chatKey, chatsKey, putMessages, refreshTitle, titleOf, updateChat, useChat } from "@/components/conversation/chat";
import { Composer, type ComposerHandle, type Question } from "@/components/conversation/composer";
import { Conversation } from "@/components/conversation/conversation";
import { ConversationSkeleton } from "@/components/conversation/conversation-skeleton";
import { ChosenDocuments, DocumentChoice } from "@/components/conversation/document-choice";
import { ghost, newKey } from "@/components/conversation/ghost";
import { type RunState, withRun } from "@/components/conversation/run-state";
import { type Pending, Turns, useThread } from "@/components/conversation/thread";
import { Thumbs } from "@/components/conversation/thumbs";
import { SendToCanvas } from "@/components/send-to-canvas";
import { TalkButton } from "@/components/talk-button";
import { newestLeaf } from "@/components/conversation/tree";
import { Button } from "@/components/ui/button";
import { LoadFault, useTitle } from "@/components/ui/page";
import { Empty, Notice } from "@/components/ui/parts";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { ChatDetail, Message, NewPart, Turn } from "@/lib/api/types";
import { isChatModel, lastModel, modelName, rememberModel, useModels } from "@/lib/models";
import { isAdmin, mayWrite, useSession } from "@/lib/session";
import { useShortcut } from "@/lib/shortcuts";
import { toast } from "@/lib/toast";
import { useLatest } from "@/lib/use-latest";
import type { ChatDialog } from "./chat-dialogs";
import { ChatHeader } from "./chat-header";
import { Welcome } from "./welcome";

const ChatDialogs = lazy(() => import("./chat-dialogs"));
const Instructions = lazy(() => import("./instructions"));

interface Props {
  id: string | null;
  /** What the shell puts at the start of the header: the way to the sidebar. */
  lead: ReactNode;
}

export default function ChatPage({ id, lead }: Props) {
  const client = useQueryClient();
  const session = useSession();
  const [, navigate] = useLocation();
  const { data: chat, error, isPending, refetch } = useChat(id);
  const { data: models } = useModels();
  const [draftModel, setDraftModel] = useState(lastModel);
  const [draftPrompt, setDraftPrompt] = useState("");
  const [draftDocuments, setDraftDocuments] = useState<readonly string[]>([]);
  const [pending, setPending] = useState<Pending | null>(null);
  const [sending, setSending] = useState(false);
  const [stopping, setStopping] = useState(false);
  const [asked, setAsked] = useState(0);
  const [finished, setFinished] = useState("");
  const [dialog, setDialog] = useState<ChatDialog | "instructions" | null>(null);
  const composer = useRef<ComposerHandle>(null);
  const createdId = useRef<string | null>(null);
  const attempt = useRef({ question: "", key: "" });
  const choosing = useRef<Promise<void>>(Promise.resolve());
  useTitle(chat ? titleOf(chat) : id ? "" : "New chat");

  const model = chat?.model || draftModel;
  const known = models?.find((item) => item.id === model);
  const vision = known ? known.capabilities.includes("vision") : true;
  const usable = models?.some((item) => isChatModel(item) && item.available) ?? true;

  const thread = useThread(chat, pending);
  const more = useCallback(
    (message: Message): ReactNode => (
      <>
        <Thumbs message={message} />
        {id !== null && message.role === "assistant" && message.status === "complete" && <SendToCanvas source={{ kind: "message", chat_id: id, message_id: message.id }} name={chat?.title || undefined} />}
      </>
    ),
    [id, chat?.title],
  );
  const { stored, path, tree, running } = thread;
  const busy = running !== null || sending;

  useEffect(() => {
    if (!running) setStopping(false);
  }, [running]);

  const ensureChat = async (): Promise<string> => {
    if (id) return id;
    if (createdId.current) return createdId.current;
    const created = await api.post<ChatDetail>("/chats", { model, system_prompt: draftPrompt, documents: draftDocuments });
    createdId.current = created.id;
    client.setQueryData<ChatDetail>(chatKey(created.id), created);
    return created.id;
  };

  /** Asks; tells whether the server took it. `shown` stands in the chat until it answers. */
  const ask = async (parts: NewPart[], parentId: string | null, shown: Message): Promise<boolean> => {
    setSending(true);
    setPending({ parentId, message: shown });
    setAsked((count) => count + 1);
    setFinished("");
    try {
      const chatId = await ensureChat();
      // What was chosen a moment ago is to count for this question.
      await choosing.current;
      // The same question sent again after a broken connection is the same request: it is not asked twice.
      const question = JSON.stringify([chatId, parts, parentId, model]);
      if (attempt.current.question !== question) attempt.current = { question, key: newKey() };
      const turn = await api.post<Turn>(`/chats/${chatId}/turns`, { content: parts, parent_id: parentId, model }, { headers: { "idempotency-key": attempt.current.key } });
      attempt.current = { question: "", key: "" };
      putMessages(client, chatId, [turn.user_message, turn.assistant_message], turn.assistant_message.id);
      void client.invalidateQueries({ queryKey: chatsKey });
      if (!id) navigate(`/chat/${chatId}`, { replace: true });
      return true;
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
      return false;
    } finally {
      setPending(null);
      setSending(false);
    }
  };

  const send = (question: Question): Promise<boolean> => ask(question.parts, stored.at(-1)?.id ?? null, ghost(question));

  const edit = useLatest((message: Message, parts: NewPart[]) =>
    ask(parts, message.parent_id, {
      ...message,
      id: "pending",
      content: parts.map((part) => (part.type === "text" ? part : (message.content.find((old) => old.type === "image" && old.asset_id === part.asset_id) ?? { ...part, url: "" }))),
    }),
  );

  const resume = useLatest((message: Message) => {
    const text = "Continue exactly where you stopped.";
    void ask([{ type: "text", text }], message.id, ghost({ parts: [], text, images: [] }));
  });

  const retry = useLatest(async (message: Message, other?: string) => {
    if (!id) return;
    setSending(true);
    setFinished("");
    try {
      const answer = await api.post<Turn>(`/chats/${id}/messages/${message.id}/retry`, other ? { model: other } : {});
      putMessages(client, id, [answer.assistant_message], answer.assistant_message.id);
      setAsked((count) => count + 1);
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    } finally {
      setSending(false);
    }
  });

  const branch = useLatest((to: string) => {
    if (id) void updateChat(client, id, { leaf_message_id: newestLeaf(tree, to) });
  });

  const settled = useLatest((message: Message, run: RunState) => {
    if (!id) return;
    if (run.message || run.failure) putMessages(client, id, [withRun(message, run)]);
    // Without the stored message (its log is gone) only the server knows how it ended.
    if (!run.message) void client.invalidateQueries({ queryKey: chatKey(id) });
    void client.invalidateQueries({ queryKey: chatsKey });
    void refreshTitle(client, id);
    const name = modelName(models, run.message?.model ?? message.model) || "The model";
    setFinished(run.phase === "failed" ? `${name} failed` : `${name} finished`);
  });

  const stop = async () => {
    if (!running?.run_id) return;
    setStopping(true);
    try {
      await api.post(`/runs/${running.run_id}/cancel`);
    } catch (fault) {
      setStopping(false);
      if (!(fault instanceof ApiProblem && fault.status === 409)) toast(messageOf(fault), { kind: "error" });
    }
  };
  useShortcut("escape", "Stop the answer", stop, running !== null && !stopping);

  const pickModel = (to: string) => {
    rememberModel(to);
    if (id) void updateChat(client, id, { model: to });
    setDraftModel(to);
    composer.current?.focus();
  };

  const prompt = chat?.system_prompt ?? draftPrompt;
  const savePrompt = (next: string) => {
    if (id) void updateChat(client, id, { system_prompt: next });
    else setDraftPrompt(next);
  };

  const documents = chat?.documents ?? draftDocuments;
  const chooseDocuments = (next: string[]) => {
    if (id) choosing.current = updateChat(client, id, { documents: next });
    else setDraftDocuments(next);
  };

  const blocked = !mayWrite(session)
    ? "Viewers read; asking needs the role of a member"
    : !usable
      ? "No model is available yet"
      : null;

  const box = (
    <Composer
      ref={composer}
      draft={id ?? "new"}
      lead={<ChosenDocuments chosen={documents} onChange={chooseDocuments} />}
      tools={
        <>
          <DocumentChoice chosen={documents} onChange={chooseDocuments} disabled={blocked !== null} />
          <TalkButton chat={ensureChat} disabled={blocked !== null || busy} />
        </>
      }
      vision={vision}
      streaming={running !== null}
      stopping={stopping}
      sending={sending}
      blocked={blocked}
      onSend={send}
      onStop={stop}
    />
  );

  const noModels = !usable && (
    <Notice className="mb-3" tone="warn">
      No model is ready.{" "}
      {isAdmin(session) ? (
        <>
          <Link href="/settings/providers" className="underline underline-offset-3">
            Connect a provider
          </Link>{" "}
          or install a local model with <code className="font-mono text-[13px]">radiant models install</code>.
        </>
      ) : (
        "Ask an admin of this workspace to connect one."
      )}
    </Notice>
  );

  const header = (
    <ChatHeader
      lead={lead}
      chat={chat ?? null}
      model={model}
      busy={busy}
      instructed={prompt !== ""}
      onPickModel={pickModel}
      onInstructions={() => setDialog("instructions")}
      onOpen={setDialog}
    />
  );

  const dialogs = (
    <>
      <Suspense>
        {dialog === "instructions" && <Instructions open onOpenChange={() => setDialog(null)} value={prompt} onSave={savePrompt} />}
        {chat && dialog && dialog !== "instructions" && <ChatDialogs chat={chat} dialog={dialog} onClose={() => setDialog(null)} />}
      </Suspense>
      <p role="status" className="sr-only">
        {finished}
      </p>
    </>
  );

  if (id && !chat) {
    const missing = error instanceof ApiProblem && (error.status === 404 || error.status === 422);
    return (
      <>
        {header}
        <div className="scroll mx-auto w-full max-w-3xl flex-1 px-4 pt-6 sm:px-6">
          {isPending && <ConversationSkeleton />}
          {error && !missing && <LoadFault error={error} retry={refetch} />}
          {missing && (
            <Empty
              icon={MessageSquareX}
              title="This chat is not here"
              action={
                <Button asChild variant="primary">
                  <Link href="/">New chat</Link>
                </Button>
              }
            >
              It may have been deleted, or it belongs to someone else.
            </Empty>
          )}
        </div>
      </>
    );
  }

  if (path.length === 0)
    return (
      <>
        {header}
        <div className="scroll flex min-h-0 flex-1 flex-col">
          <Welcome name={session.user.name} onPick={(text) => composer.current?.fill(text)} disabled={blocked !== null}>
            {noModels}
            {box}
          </Welcome>
        </div>
        {dialogs}
      </>
    );

  return (
    <>
      {header}
      {chat && <h1 className="sr-only">{titleOf(chat)}</h1>}
      <Conversation
        follow={asked}
        footer={
          <>
            {noModels}
            {box}
          </>
        }
      >
        <Turns thread={thread} pending={pending} busy={busy} onEdit={edit} onRetry={retry} onContinue={resume} onBranch={branch} onSettled={settled} more={more} />
      </Conversation>
      {dialogs}
    </>
  );
}
