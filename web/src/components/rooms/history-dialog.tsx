import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { RotateCcw } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/field";
import { LoadFault, ShowMore } from "@/components/ui/page";
import { Notice, Skeleton } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { RoomComparison, RoomStretch, RoomVersion } from "@/lib/api/schema";
import type { Page } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatDateTime } from "@/lib/format";
import { type Room, useRoomStatus } from "@/lib/rooms";
import { toast } from "@/lib/toast";
import { Hunks } from "./hunks";

interface Point {
  seq: number;
  version?: string;
}

/** What was done in a room, by whom and when: to look at, to compare with now, and to go back to. */
export function HistoryDialog({ room, onClose }: { room: Room; onClose: () => void }) {
  const queries = useQueryClient();
  const { writes } = useRoomStatus(room);
  const timelineKey = ["room-timeline", room.id];
  const versionsKey = ["room-versions", room.id];
  const timeline = useInfiniteQuery({
    queryKey: timelineKey,
    queryFn: ({ pageParam }) => api.get<Page<RoomStretch>>(`/collaboration/rooms/${room.id}/timeline`, { query: { cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    staleTime: 0,
  });
  const versions = useQuery({ queryKey: versionsKey, queryFn: async () => (await api.get<Page<RoomVersion>>(`/collaboration/rooms/${room.id}/versions`)).items, staleTime: 0 });
  const [point, setPoint] = useState<Point | null>(null);
  const [name, setName] = useState("");
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState("");
  const stretches = timeline.data?.pages.flatMap((page) => page.items);
  const error = timeline.error ?? versions.error;

  const run = async (what: string, asked: () => Promise<unknown>, said: string): Promise<boolean> => {
    setBusy(what);
    setFault("");
    try {
      await asked();
      await Promise.all([timelineKey, versionsKey].map((queryKey) => queries.invalidateQueries({ queryKey })));
      toast(said, { kind: "success" });
      return true;
    } catch (problem) {
      setFault(messageOf(problem));
      return false;
    } finally {
      setBusy(null);
    }
  };
  const item = (key: string, to: Point, title: string, note: string) => (
    <li key={key}>
      <button type="button" aria-current={(point?.seq === to.seq && point.version === to.version) || undefined} onClick={() => setPoint(to)} className={cn("grid w-full rounded-lg px-3 py-1.5 text-left hover:bg-hover", point?.seq === to.seq && point.version === to.version && "bg-hover")}>
        <span className="truncate text-sm font-medium">{title}</span>
        <span className="truncate text-[13px] text-ink-3">{note}</span>
      </button>
    </li>
  );

  return (
    <Dialog open onOpenChange={(next) => !next && onClose()} title="History" className="w-[min(96vw,58rem)]">
      {fault && <Notice tone="danger">{fault}</Notice>}
      {writes && (
        <form
          className="flex gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            void run("keep", () => api.post(`/collaboration/rooms/${room.id}/versions`, { name: name.trim() }), "Kept under that name.").then((done) => done && setName(""));
          }}
        >
          <Input aria-label="Name for this point" placeholder="Name this point, to find it again" required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
          <Button type="submit" busy={busy === "keep"} disabled={!name.trim()}>
            Keep
          </Button>
        </form>
      )}
      {error && !stretches && <LoadFault error={error} retry={() => { void timeline.refetch(); void versions.refetch(); }} />}
      <div className="grid min-h-0 min-w-0 gap-4 sm:grid-cols-[16rem_1fr]">
        <div className="scroll grid max-h-[52dvh] content-start gap-3">
          {versions.data && versions.data.length > 0 && (
            <section aria-label="Named points">
              <h3 className="px-3 pb-1 text-xs font-medium text-ink-3">Named</h3>
              <ul>{versions.data.map((one) => item(one.id, { seq: one.seq, version: one.id }, one.name || "Before a restoring", `${one.display_name ?? "somebody"} · ${formatDateTime(one.created_at)}`))}</ul>
            </section>
          )}
          <section aria-label="Edits">
            <h3 className="px-3 pb-1 text-xs font-medium text-ink-3">Edits</h3>
            {!stretches && !error && <Skeleton className="h-24" />}
            <ul>{stretches?.map((one) => item(`s${one.last_seq}`, { seq: one.last_seq }, `${one.model ? `${one.model} for ` : ""}${one.display_name ?? "somebody who has left"}`, `${formatDateTime(one.ended_at)} · ${one.updates === 1 ? "1 edit" : `${one.updates} edits`}`))}</ul>
            {stretches?.length === 0 && <p className="px-3 py-2 text-sm text-ink-3">Nothing was written yet.</p>}
            <ShowMore when={timeline.hasNextPage} busy={timeline.isFetchingNextPage} load={timeline.fetchNextPage} />
          </section>
        </div>
        <section aria-label="What has changed since" className="grid min-w-0 content-start gap-3">
          {point ? <Since roomId={room.id} point={point} /> : <p className="py-8 text-center text-sm text-ink-3">Choose a point to see what has changed since.</p>}
          {point && writes && (
            <Button
              className="justify-self-end"
              busy={busy === "restore"}
              onClick={() => void run("restore", () => api.post(`/collaboration/rooms/${room.id}/restore`, point.version ? { version_id: point.version } : { seq: point.seq }), "Everything is as it was then. What was there before is kept as a version.").then((done) => done && onClose())}
            >
              <RotateCcw className="size-4" />
              Go back to this
            </Button>
          )}
        </section>
      </div>
    </Dialog>
  );
}

function Since({ roomId, point }: { roomId: string; point: Point }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["room-compare", roomId, point.seq, point.version],
    queryFn: () => api.get<RoomComparison>(`/collaboration/rooms/${roomId}/compare`, { query: point.version ? { from_version: point.version } : { from_seq: point.seq } }),
    staleTime: 0,
  });
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-40" />;
  if (data.changes.length === 0) return <p className="rounded-lg border px-3 py-6 text-center text-sm text-ink-3">It says now what it said then.</p>;
  return data.changes.map((change) => (
    <div key={change.path} className="grid min-w-0 gap-1">
      <h3 className="text-[13px] font-medium">
        {change.title ?? (change.path === "content" ? "Text" : "Artifact")} <span className="text-ink-3">{change.kind}</span>
      </h3>
      <Hunks hunks={change.hunks} />
    </div>
  ));
}
