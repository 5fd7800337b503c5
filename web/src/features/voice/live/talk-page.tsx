import { useQuery, useQueryClient } from "@tanstack/react-query";
import { AudioLines, ChevronLeft, MessageSquare, PhoneOff, SlidersHorizontal } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { Link, useLocation } from "wouter";
import { chatKey, chatsKey } from "@/components/conversation/chat";
import { Conversation } from "@/components/conversation/conversation";
import { plainText } from "@/components/conversation/run-state";
import { buildTree, pathTo } from "@/components/conversation/tree";
import { Markdown } from "@/components/markdown";
import { Button } from "@/components/ui/button";
import { LoadFault, useTitle } from "@/components/ui/page";
import { Empty, Notice, Skeleton } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { ChatDetail, Message, VoiceSession } from "@/lib/api/types";
import { formatDate } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { beginTalk, talkAt, wantedTalk } from "@/lib/talk";
import { toast } from "@/lib/toast";
import { refresh, useVoiceModels, useVoiceSession } from "../queries";
import { keepChoices, readChoices, toldOf } from "./choices";
import { Panel } from "./panel";
import { Said, Turn } from "./turn";
import { useTalk } from "./use-talk";

const ChoicesDialog = lazy(() => import("./choices-dialog"));
/** Of what was said before in this chat, so many messages are shown. */
const EARLIER = 20;

interface Props {
  id: string;
  lead: ReactNode;
}

/** A conversation by voice. */
export default function TalkPage({ id, lead }: Props) {
  const { data: session, error, refetch } = useVoiceSession(id);
  useTitle("Talk");
  if (session) return <Inside session={session} lead={lead} />;
  return (
    <>
      <Header lead={lead} title="Talk" />
      <div className="mx-auto grid w-full max-w-3xl gap-4 p-6">{error ? <LoadFault error={error} retry={() => void refetch()} /> : <Skeleton className="h-40" />}</div>
    </>
  );
}

interface HeaderProps {
  lead: ReactNode;
  title: string;
  children?: ReactNode;
}

const Header = ({ lead, title, children }: HeaderProps) => (
  <header className="flex h-14 shrink-0 items-center gap-1 border-b px-2 sm:px-3">
    {lead}
    <Button asChild variant="ghost" size="icon" className="size-9">
      <Link href="/voice" aria-label="Back to Voice" title="Back to Voice">
        <ChevronLeft className="size-4.5" />
      </Link>
    </Button>
    <h1 className="min-w-0 truncate px-1 text-[15px] font-semibold">{title}</h1>
    <div className="ml-auto flex items-center gap-1">{children}</div>
  </header>
);

function Inside({ session, lead }: { session: VoiceSession; lead: ReactNode }) {
  const client = useQueryClient();
  const person = useSession();
  const [, navigate] = useLocation();
  const { data: models } = useVoiceModels();
  const [choices, setChoices] = useState(readChoices);
  const [choosing, setChoosing] = useState(false);
  const told = useMemo(() => toldOf(choices), [choices]);
  const talk = useTalk(session.id, told, choices.device);
  const { state } = talk;
  const earlier = useEarlier(session.chat_id);
  const chat = state.chatId ?? session.chat_id;
  const over = state.link === "ended" || session.ended_at !== null;
  const writes = mayWrite(person);
  const silent = models && (models.hear.length === 0 || models.speak.length === 0);
  const blocked = !silent ? "" : `Nothing that ${models.hear.length === 0 ? "hears" : "speaks"} is at hand: connect Deepgram, ElevenLabs or OpenAI under Settings, Providers, or install a local model.`;

  useEffect(() => {
    if (wantedTalk() && !over && writes) void talk.start();
  }, [talk]);
  useEffect(() => {
    // The server made the chat, or has ended the session: lists and totals have changed.
    if (state.link === "ended" || state.link === "apart") void refresh(client);
  }, [client, state.link]);

  // The chat is written by the conversation: whoever shows it asks for it anew.
  const lastTurn = state.turns.at(-1);
  useEffect(() => {
    const anew = () => {
      if (chat) void client.invalidateQueries({ queryKey: chatKey(chat) });
      void client.invalidateQueries({ queryKey: chatsKey });
    };
    anew();
    return anew;
  }, [client, chat, lastTurn?.key, lastTurn?.whole]);

  const choose = (next: typeof choices) => {
    setChoices(next);
    keepChoices(next);
  };
  const again = async () => {
    try {
      navigate(...talkAt(await beginTalk(chat)));
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };

  const empty = state.turns.length === 0 && !state.final && !state.partial && !earlier.length;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <Header lead={lead} title={session.title || `Conversation of ${formatDate(session.created_at)}`}>
        {chat && (
          <Button asChild variant="ghost" size="sm" className="px-2 sm:px-3">
            <Link href={`/chat/${chat}`}>
              <MessageSquare className="size-4" />
              <span className="max-sm:sr-only">Open the chat</span>
            </Link>
          </Button>
        )}
        {writes && !over && (
          <>
            <Button variant="ghost" size="sm" className="px-2 sm:px-3" onClick={() => setChoosing(true)}>
              <SlidersHorizontal className="size-4" />
              <span className="max-sm:sr-only">How to talk</span>
            </Button>
            {state.link === "open" && (
              <Button variant="danger" size="sm" className="px-2 sm:px-3" onClick={() => talk.end()}>
                <PhoneOff className="size-4" />
                End
              </Button>
            )}
          </>
        )}
      </Header>
      <Conversation
        follow={state.turns.length}
        footer={
          over ? (
            <Notice
              icon={AudioLines}
              action={
                writes && (
                  <Button size="sm" onClick={() => void again()}>
                    Talk again
                  </Button>
                )
              }
            >
              This conversation has ended. What was said is kept in the chat.
            </Notice>
          ) : writes ? (
            <Panel talk={talk} handsFree={choices.hands_free} onHandsFree={(hands_free) => choose({ ...choices, hands_free })} blocked={blocked} />
          ) : (
            <Notice>Viewers read; talking needs the role of a member.</Notice>
          )
        }
      >
        {empty && (
          <Empty icon={AudioLines} title="Say something" className="mt-6">
            What you say and what is answered stands here as you talk, and is kept in a chat. You can interrupt at any time.
          </Empty>
        )}
        {earlier.map((message) => (
          <Earlier key={message.id} message={message} />
        ))}
        {state.turns.map((turn) => (
          <Turn key={turn.key} turn={turn} last={turn === lastTurn} spoken={turn === lastTurn && state.spoken?.turn === turn.number ? state.spoken.sentence : ""} />
        ))}
        {(state.final || state.partial) && (
          <Said>
            {state.final} <span className="text-ink-3">{state.partial}</span>
          </Said>
        )}
      </Conversation>
      <p role="status" className="sr-only">
        {lastTurn && `You said: ${lastTurn.question}`}
      </p>
      {choosing && (
        <Suspense>
          <ChoicesDialog session={session.id} choices={choices} onChoose={choose} onClose={() => setChoosing(false)} />
        </Suspense>
      )}
    </div>
  );
}

/** What stood in the chat when the page was opened; what is said since then comes by the conversation itself. */
function useEarlier(chat: string | null): Message[] {
  const [first] = useState(chat);
  const { data } = useQuery({
    queryKey: ["earlier", first],
    queryFn: ({ signal }) => api.get<ChatDetail>(`/chats/${first}`, { signal }),
    enabled: first !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return useMemo(() => (data ? pathTo(buildTree(data.messages), data.leaf_message_id).slice(-EARLIER) : []), [data]);
}

const Earlier = ({ message }: { message: Message }) =>
  message.role === "user" ? (
    <Said>{plainText(message)}</Said>
  ) : (
    <article aria-label="Answer">
      <h2 className="sr-only">Answer</h2>
      <Markdown text={plainText(message)} />
      {(message.status === "stopped" || message.stop_reason === "interrupted") && <p className="mt-2 text-[13px] text-ink-3">Interrupted here.</p>}
    </article>
  );
