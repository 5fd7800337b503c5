import { useQueryClient } from "@tanstack/react-query";
import { Bookmark, RotateCw, Sparkles, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { LoadFault, ShowMore } from "@/components/ui/page";
import { Skeleton } from "@/components/ui/parts";
import { View, Views } from "@/components/ui/views";
import { messageOf } from "@/lib/api/client";
import type { RoomTextChange } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatAgo, formatDateTime } from "@/lib/format";
import { toast } from "@/lib/toast";
import { type Point, refreshHistory, restore, useChanges, useThen, useTimeline, useVersions } from "./queries";
import { author } from "./words";

interface Props {
  id: string;
  writes: boolean;
  onClose: () => void;
  onName: () => void;
}

interface Chosen {
  point: Point;
  title: string;
}

/** Who wrote when, and which versions are kept; each can be looked at, compared and gone back to. */
export function HistoryPanel({ id, writes, onClose, onName }: Props) {
  const client = useQueryClient();
  const [view, setView] = useState("timeline");
  const [chosen, setChosen] = useState<Chosen | null>(null);
  return (
    <div className="grid gap-3 p-4">
      <div className="flex items-center justify-between gap-2">
        <h2 className="text-[15px] font-semibold">History</h2>
        <span className="flex">
          <Button variant="ghost" size="icon" aria-label="Look again" title="Look again" onClick={() => void refreshHistory(client, id)}>
            <RotateCw className="size-4" />
          </Button>
          <Button variant="ghost" size="icon" aria-label="Close history" onClick={onClose}>
            <X className="size-4" />
          </Button>
        </span>
      </div>
      <Views
        label="History"
        views={[
          ["timeline", "Who wrote"],
          ["versions", "Versions"],
        ]}
        value={view}
        onChange={setView}
      >
        <View name="timeline">
          <Timeline id={id} onChoose={setChosen} />
        </View>
        <View name="versions">
          <Versions id={id} onChoose={setChosen} onName={writes ? onName : null} />
        </View>
      </Views>
      {chosen && <Then id={id} chosen={chosen} writes={writes} onClose={() => setChosen(null)} />}
    </div>
  );
}

const entry = "grid w-full gap-0.5 rounded-lg px-3 py-2 text-left text-sm hover:bg-hover";

function Timeline({ id, onChoose }: { id: string; onChoose: (chosen: Chosen) => void }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useTimeline(id);
  const stretches = data?.pages.flatMap((page) => page.items);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!stretches) return <Skeleton className="h-40" />;
  if (stretches.length === 0) return <p className="px-3 text-sm text-ink-2">Nobody has written anything yet.</p>;
  return (
    <div className="grid gap-2">
      <ol aria-label="Who wrote" className="-mx-2 grid">
        {stretches.map((one) => (
          <li key={one.last_seq}>
            <button type="button" className={entry} onClick={() => onChoose({ point: { seq: one.last_seq }, title: `${author(one)}, ${formatDateTime(one.ended_at)}` })}>
              <span className="flex items-center gap-1.5 font-medium [overflow-wrap:anywhere]">
                {one.model && <Sparkles aria-hidden className="size-3.5 text-accent" />}
                {author(one)}
              </span>
              <time dateTime={one.ended_at} title={formatDateTime(one.ended_at)} className="text-[13px] text-ink-3">
                {formatAgo(one.ended_at)}
              </time>
            </button>
          </li>
        ))}
      </ol>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </div>
  );
}

function Versions({ id, onChoose, onName }: { id: string; onChoose: (chosen: Chosen) => void; onName: (() => void) | null }) {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useVersions(id);
  const versions = data?.pages.flatMap((page) => page.items);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!versions) return <Skeleton className="h-40" />;
  return (
    <div className="grid gap-2">
      {onName && (
        <Button size="sm" className="justify-self-start" onClick={onName}>
          <Bookmark className="size-4" />
          Name this version
        </Button>
      )}
      {versions.length === 0 ? (
        <p className="text-sm text-ink-2">No version is kept yet. Name one before a large change, and you can go back to it.</p>
      ) : (
        <ol aria-label="Versions" className="-mx-2 grid">
          {versions.map((one) => (
            <li key={one.id}>
              <button type="button" className={entry} onClick={() => onChoose({ point: { version: one.id }, title: one.name || "Before something was restored" })}>
                <span className={cn("font-medium [overflow-wrap:anywhere]", !one.name && "font-normal text-ink-2")}>{one.name || "Before something was restored"}</span>
                <span className="text-[13px] text-ink-3">
                  {one.display_name ?? "Somebody who left"}, {formatAgo(one.created_at)}
                </span>
              </button>
            </li>
          ))}
        </ol>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </div>
  );
}

/** What the document said then, and what has changed since. */
function Then({ id, chosen, writes, onClose }: { id: string; chosen: Chosen; writes: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const [view, setView] = useState("changes");
  const [busy, setBusy] = useState(false);
  const goBack = async () => {
    setBusy(true);
    try {
      await restore(client, id, chosen.point);
      toast("Gone back. What was there before is kept as a version.");
      onClose();
    } catch (fault) {
      toast(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={chosen.title} className="w-[min(94vw,46rem)]">
      <Views
        label="This version"
        views={[
          ["changes", "Changed since"],
          ["text", "What it said"],
        ]}
        value={view}
        onChange={setView}
      >
        <View name="changes">
          <Changes id={id} point={chosen.point} />
        </View>
        <View name="text">
          <ThenText id={id} point={chosen.point} />
        </View>
      </Views>
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        {writes && (
          <Button variant="primary" busy={busy} onClick={() => void goBack()}>
            Go back to this
          </Button>
        )}
      </DialogActions>
    </Dialog>
  );
}

const box = "scroll max-h-[50dvh] min-w-0 rounded-lg border bg-panel text-[13px]";

function Changes({ id, point }: { id: string; point: Point }) {
  const { data, error, refetch } = useChanges(id, point);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-40" />;
  if (data.changes.length === 0) return <p className="text-sm text-ink-2">Nothing has changed since.</p>;
  return (
    <div tabIndex={0} role="region" aria-label="Changes" className={box}>
      {data.changes.map((change) => (
        <Change key={change.path} change={change} />
      ))}
    </div>
  );
}

const marks = { same: " ", removed: "−", added: "+" } as const;
const tones = { same: "", removed: "bg-danger-soft", added: "bg-good-soft" } as const;

const Change = ({ change }: { change: RoomTextChange }) => (
  <div>
    {change.title && <p className="border-b px-3 py-1.5 font-medium">{change.title}</p>}
    {change.hunks.map((hunk, at) => (
      <pre key={`${hunk.kind}/${hunk.before}/${hunk.after}`} className={cn("px-3 font-sans whitespace-pre-wrap [overflow-wrap:anywhere]", tones[hunk.kind], at === 0 && "pt-2")}>
        {hunk.lines.map((line, row) => (
          <span key={row} className="grid grid-cols-[1rem_1fr] py-px">
            <span aria-hidden>{marks[hunk.kind]}</span>
            <span>
              {hunk.kind !== "same" && <span className="sr-only">{hunk.kind === "added" ? "Added: " : "Removed: "}</span>}
              {line || " "}
            </span>
          </span>
        ))}
      </pre>
    ))}
  </div>
);

function ThenText({ id, point }: { id: string; point: Point }) {
  const { data, error, refetch } = useThen(id, point);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton className="h-40" />;
  return (
    <div tabIndex={0} role="region" aria-label="What it said" className={cn(box, "p-3")}>
      {data.texts.map((text) => (
        <div key={text.path} className="grid gap-1 not-first:mt-4">
          {text.title && <p className="font-medium">{text.title}</p>}
          <pre className="font-sans whitespace-pre-wrap [overflow-wrap:anywhere]">{text.text || "Nothing."}</pre>
        </div>
      ))}
      {data.texts.length === 0 && <p className="text-ink-2">Nothing.</p>}
    </div>
  );
}
