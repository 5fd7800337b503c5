import { AudioLines, Plus, Video } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { LoadFault, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import type { VoiceSession } from "@/lib/api/types";
import { formatAgo, formatDate, formatDuration, formatMoney } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { beginTalk, talkAt } from "@/lib/talk";
import { toast } from "@/lib/toast";
import { begin, useSessions } from "./queries";
import { beginVideo } from "./video-queries";

type Way = "talk" | "session" | "video";
const at = (session: VoiceSession): [string] => [`/voice/${session.id}`];

/** The sessions of the person. */
export function SessionList() {
  const session = useSession();
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState<Way | "">("");
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useSessions();
  const sessions = data?.pages.flatMap((page) => page.items);

  const start = async (way: Way, make: () => Promise<Parameters<typeof navigate>>) => {
    setBusy(way);
    try {
      navigate(...(await make()));
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
      setBusy("");
    }
  };
  const ways = mayWrite(session) && (
    <div className="flex flex-wrap justify-center gap-2">
      <Button variant="primary" busy={busy === "talk"} disabled={busy !== ""} onClick={() => void start("talk", async () => talkAt(await beginTalk()))}>
        {busy !== "talk" && <AudioLines className="size-4" />}
        Talk
      </Button>
      <Button busy={busy === "session"} disabled={busy !== ""} onClick={() => void start("session", async () => at(await begin()))}>
        {busy !== "session" && <Plus className="size-4" />}
        New session
      </Button>
      <Button busy={busy === "video"} disabled={busy !== ""} onClick={() => void start("video", async () => at(await beginVideo()))}>
        {busy !== "video" && <Video className="size-4" />}
        Video
      </Button>
    </div>
  );
  return (
    <SettingsPage title="Voice" description="Talk with a model, record or upload what is to be written down, and have texts read out. Only you hear and read what is here." action={sessions?.length ? ways : null}>
      {error ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !sessions ? (
        <TableSkeleton rows={3} />
      ) : sessions.length === 0 ? (
        <Empty icon={AudioLines} title="Nothing said yet" action={ways}>
          Talk, and be answered aloud. Or begin a session: speak, upload a recording, or write a text to be read out.
        </Empty>
      ) : (
        <ul aria-label="Voice sessions" className="grid gap-3 sm:grid-cols-2">
          {sessions.map((each) => (
            <li key={each.id}>
              <SessionCard session={each} />
            </li>
          ))}
        </ul>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </SettingsPage>
  );
}

/** Of its kind are those that are led in a chat. */
const isTalk = (session: VoiceSession): boolean => session.session_type === "realtime" && session.chat_id !== null;

export const nameOf = (session: VoiceSession): string => session.title || `${isTalk(session) ? "Conversation" : "Session"} of ${formatDate(session.created_at)}`;

const SessionCard = ({ session }: { session: VoiceSession }) => (
  <Link href={isTalk(session) ? `/voice/${session.id}/talk` : `/voice/${session.id}`} className="grid h-full content-start gap-1.5 rounded-xl border bg-raised px-5 py-4 hover:bg-hover">
    <span className="flex items-start justify-between gap-2">
      <span className="min-w-0 font-medium [overflow-wrap:anywhere]">{nameOf(session)}</span>
      {session.ended_at && <Badge>ended</Badge>}
    </span>
    <span className="text-[13px] text-ink-3">
      {session.transcriptions + session.synthesis === 0 ? "nothing yet" : `${session.transcriptions} heard · ${session.synthesis} said · ${formatDuration(session.total_duration_ms)}`}
      {Number(session.total_cost) > 0 && ` · ${formatMoney(session.total_cost)}`}
    </span>
    <span className="text-[13px] text-ink-3">{formatAgo(session.created_at)}</span>
  </Link>
);
