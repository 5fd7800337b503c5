import { useQuery } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { Link } from "wouter";
import { Button } from "@/components/ui/button";
import { Details } from "@/components/ui/details";
import { Dialog } from "@/components/ui/dialog";
import { LoadFault, TableSkeleton } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { ChatDetail, Memory } from "@/lib/api/types";
import { formatDateTime } from "@/lib/format";
import { Changes } from "./changes";
import { useMemory, useHistory } from "./queries";
import { named, origin, percent, plural, quoted, states } from "./words";
import { useMayChange } from "./whose";

interface Props {
  id: string | null;
  onClose: () => void;
  onEdit: (memory: Memory) => void;
}

/** Where a memory is from, what else is known of it, and what it said before. */
export const MemoryDetails = ({ id, onClose, onEdit }: Props) => (
  <Dialog open={id !== null} onOpenChange={(stays) => !stays && onClose()} title="Source and history" className="w-[min(94vw,40rem)]">
    {id && <Content id={id} onEdit={onEdit} />}
  </Dialog>
);

function Content({ id, onEdit }: { id: string; onEdit: (memory: Memory) => void }) {
  const writes = useMayChange();
  const { data: memory, error, refetch } = useMemory(id);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!memory) return <TableSkeleton rows={3} />;
  const time = (iso: string | null) => iso && formatDateTime(iso);
  return (
    <div className="grid min-w-0 gap-6">
      <div className="grid gap-2">
        <p className="text-[15px] whitespace-pre-wrap [overflow-wrap:anywhere]">{memory.content}</p>
        <p className="flex flex-wrap items-center gap-2 text-[13px] text-ink-2">
          <Badge tone={states[memory.state].tone}>{states[memory.state].name}</Badge>
          {origin(memory)}
          {writes && (
            <Button size="sm" variant="ghost" className="ml-auto" onClick={() => onEdit(memory)}>
              <Pencil className="size-3.5" />
              Correct
            </Button>
          )}
        </p>
      </div>
      {memory.conversation && <Source conversation={memory.conversation} memory={memory} />}
      <Details
        rows={[
          ["Kind", named(memory.memory_type)],
          ["About", memory.slot && [memory.slot.subject, memory.slot.attribute, memory.slot.qualifier].filter(Boolean).map((word) => named(word!)).join(", ")],
          ["Said", time(memory.said_at)],
          ["Happened", time(memory.happened_at)],
          ["Holds since", time(memory.valid_from)],
          ["Held until", time(memory.valid_to)],
          ["Forgotten after", time(memory.expires_at)],
          ["Matters", percent(memory.importance)],
          ["How sure", memory.learned ? percent(memory.confidence) : null],
          ["Told", memory.evidence > 1 ? plural(memory.evidence, "time") : null],
          ["Other names", memory.aliases.join(", ")],
          ["Only for", memory.scope.join(", ")],
          ["Brought up", memory.access_count ? plural(memory.access_count, "time") : "not yet"],
        ]}
      />
      <History id={id} />
    </div>
  );
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The words it came from, and the way to the chat that they stand in. */
function Source({ conversation, memory }: { conversation: string; memory: Memory }) {
  const isChat = uuid.test(conversation);
  const { data: chat, isError } = useQuery({ queryKey: ["chat", conversation], enabled: isChat, retry: false, queryFn: () => api.get<ChatDetail>(`/chats/${conversation}`) });
  const quote = chat && quoted(chat.messages.find((message) => message.id === memory.message_id)?.content, memory.span);
  return (
    <section className="grid gap-2">
      <h3 className="text-sm font-semibold">Where it is from</h3>
      {quote && <blockquote className="border-l-2 border-accent pl-3 text-sm text-ink-2 [overflow-wrap:anywhere]">“{quote}”</blockquote>}
      {!isChat ? (
        <p className="text-sm text-ink-2">The conversation {conversation}.</p>
      ) : isError ? (
        <p className="text-sm text-ink-2">The chat that it came from is deleted.</p>
      ) : (
        <p className="text-sm">
          <Link href={`/chat/${conversation}${memory.message_id ? `#${memory.message_id}` : ""}`} className="text-accent underline underline-offset-3">
            {chat ? `To the chat “${chat.title || "New chat"}”` : "To the chat"}
          </Link>
        </p>
      )}
    </section>
  );
}

function History({ id }: { id: string }) {
  const { data: changes, error, refetch } = useHistory(id);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!changes) return <TableSkeleton rows={2} />;
  return (
    <section className="grid gap-2">
      <h3 className="text-sm font-semibold">History</h3>
      <Changes label="History" changes={changes} />
    </section>
  );
}
