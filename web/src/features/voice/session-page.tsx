import { useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, AudioLines, CircleStop, Trash2 } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { LoadFault, Section, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Notice } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import { formatDuration, formatMoney } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { HearPanel } from "./hear-panel";
import { Heard } from "./heard";
import { end, refresh, remove, useHeard, useSaid, useVoiceSession } from "./queries";
import { Said } from "./said";
import { SayPanel } from "./say-panel";
import { nameOf } from "./session-list";
import { VideoSession } from "./video-session";

/** One session: what can be said and heard in it, and what was. */
export function SessionPage({ id }: { id: string }) {
  const client = useQueryClient();
  const person = useSession();
  const [, navigate] = useLocation();
  const [deleting, setDeleting] = useState(false);
  const { data: session, error, refetch } = useVoiceSession(id);
  const heard = useHeard(id);
  const said = useSaid(id);
  const back = (
    <Link href="/voice" className="mx-auto flex w-full max-w-4xl items-center gap-1.5 px-4 pt-6 text-[13px] text-ink-3 hover:text-ink sm:px-8">
      <ArrowLeft className="size-3.5" />
      Voice
    </Link>
  );
  if (error)
    return (
      <>
        {back}
        <SettingsPage title="Voice">
          <LoadFault error={error} retry={() => void refetch()} />
        </SettingsPage>
      </>
    );
  if (!session)
    return (
      <SettingsPage title="Voice">
        <TableSkeleton />
      </SettingsPage>
    );
  const open = !session.ended_at && mayWrite(person);
  const recordings = heard.data?.pages.flatMap((page) => page.items) ?? [];
  const sayings = said.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      {back}
      <SettingsPage
        title={nameOf(session)}
        description={`${formatDuration(session.total_duration_ms)} of sound${Number(session.total_cost) > 0 ? `, ${formatMoney(session.total_cost)}` : ""}`}
        action={
          mayWrite(person) && (
            <div className="flex flex-wrap gap-2">
              {open && session.session_type === "realtime" && (
                <Button asChild>
                  <Link href={`/voice/${id}/talk`}>
                    <AudioLines className="size-4" />
                    Talk
                  </Link>
                </Button>
              )}
              {open && (
                <Button
                  onClick={() =>
                    end(id)
                      .then(() => refresh(client))
                      .catch((fault: unknown) => toast(messageOf(fault), { kind: "error" }))
                  }
                >
                  <CircleStop className="size-4" />
                  End
                </Button>
              )}
              <Button variant="ghost" onClick={() => setDeleting(true)}>
                <Trash2 className="size-4" />
                Delete
              </Button>
            </div>
          )
        }
      >
        {session.ended_at && <Notice>This session has ended; nothing is added to it any more.</Notice>}
        {session.session_type === "video" ? (
          <VideoSession id={id} open={open} may={mayWrite(person)} />
        ) : (
          <>
            <Section title="Hear">
              {open && <HearPanel id={id} />}
              {heard.error && <LoadFault error={heard.error} retry={() => void heard.refetch()} />}
              {recordings.map((each) => (
                <Heard key={each.id} heard={each} />
              ))}
              {heard.data && recordings.length === 0 && <p className="text-sm text-ink-3">Nothing was heard in this session yet.</p>}
              <ShowMore when={heard.hasNextPage} busy={heard.isFetchingNextPage} load={heard.fetchNextPage} />
            </Section>
            <Section title="Say">
              {open && <SayPanel id={id} />}
              {said.error && <LoadFault error={said.error} retry={() => void said.refetch()} />}
              {sayings.map((each) => (
                <Said key={each.id} said={each} />
              ))}
              {said.data && sayings.length === 0 && <p className="text-sm text-ink-3">Nothing was said in this session yet.</p>}
              <ShowMore when={said.hasNextPage} busy={said.isFetchingNextPage} load={said.fetchNextPage} />
            </Section>
          </>
        )}
      </SettingsPage>
      <Confirm
        open={deleting}
        onOpenChange={setDeleting}
        title="Delete this session?"
        description="What was heard and said in it goes, with its sound. This cannot be undone."
        action="Delete"
        danger
        run={async () => {
          await remove(id);
          await refresh(client);
          navigate("/voice");
        }}
      />
    </>
  );
}
