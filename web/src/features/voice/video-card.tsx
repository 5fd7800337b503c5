import { useQueryClient } from "@tanstack/react-query";
import { Download, RotateCcw, Trash2, X } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { LoadFault } from "@/components/ui/page";
import { Notice } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import type { Video } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatDuration } from "@/lib/format";
import { toast } from "@/lib/toast";
import { refresh } from "./queries";
import { VideoAsk } from "./video-ask";
import { cancelVideo, removeVideo, retryVideo, useFrames, useWords } from "./video-queries";
import { clock, wordAt } from "./words";

const doing: Record<Video["stage"], string> = { pictures: "Looking through it", sound: "Listening to it", done: "Done" };

/** A video: its player with captions, its scenes and words, each of which goes to its moment, and what is asked about it. */
export function VideoCard({ video, may }: { video: Video; may: boolean }) {
  const client = useQueryClient();
  const player = useRef<HTMLVideoElement>(null);
  const [at, setAt] = useState(0);
  const [deleting, setDeleting] = useState(false);
  const [unplayable, setUnplayable] = useState(false);
  const { data: frames, error: lost, refetch } = useFrames(video);
  const { data: heard } = useWords(video);
  const name = video.name || "Video";
  const words = heard?.word_timestamps ?? [];
  const said = wordAt(words, at);
  const atWork = video.status === "queued" || video.status === "working";
  const act = (what: Promise<unknown>) => what.then(() => refresh(client)).catch((fault: unknown) => toast(messageOf(fault), { kind: "error" }));
  const seek = (seconds: number) => {
    if (!player.current) return;
    player.current.currentTime = seconds;
    setAt(seconds);
  };
  return (
    <article aria-label={`Video: ${name}`} className="grid gap-4 rounded-xl border bg-raised px-5 py-4">
      <header className="flex items-start justify-between gap-2">
        <h3 className="min-w-0 font-medium [overflow-wrap:anywhere]">{name}</h3>
        {may && (
          <Button variant="ghost" size="sm" onClick={() => setDeleting(true)}>
            <Trash2 className="size-3.5" />
            Delete video
          </Button>
        )}
      </header>
      {!video.asset_id && <p className="text-[13px] text-ink-3">Its file is no longer there.</p>}
      {video.asset_id && unplayable && (
        <p className="text-[13px] text-ink-2">
          This browser cannot play it.{" "}
          <a className="text-accent underline" href={`/api/files/${video.asset_id}`} download={name}>
            Download it
          </a>
        </p>
      )}
      {video.asset_id && !unplayable && (
        // Of videos without words there are no captions.
        <video
          ref={player}
          controls
          aria-label={name}
          className="max-h-[60vh] w-full rounded-lg bg-black"
          src={`/api/files/${video.asset_id}`}
          onError={() => setUnplayable(true)}
          preload="metadata"
          onTimeUpdate={({ currentTarget }) => setAt(currentTarget.currentTime)}
        >
          {heard?.status === "done" && <track key={heard.id} kind="captions" label="Captions" srcLang={heard.language ?? "en"} src={`/api/voice/transcriptions/${heard.id}/captions?format=vtt`} default />}
        </video>
      )}
      {atWork && (
        <div className="flex flex-wrap items-center gap-3">
          <progress aria-label={doing[video.stage]} className="h-2 w-48 accent-accent" value={video.done_ms} max={Math.max(1, video.duration_ms)} />
          <span role="status" className="text-sm text-ink-2">
            {video.status === "queued" ? "Waiting for its turn" : `${doing[video.stage]}: ${clock(video.done_ms / 1000)} of ${clock(video.duration_ms / 1000)}`}
          </span>
          {may && (
            <Button variant="ghost" size="sm" onClick={() => void act(cancelVideo(video.id))}>
              <X className="size-3.5" />
              Cancel
            </Button>
          )}
        </div>
      )}
      {(video.status === "failed" || video.status === "cancelled") && (
        <Notice
          tone={video.status === "failed" ? "danger" : "neutral"}
          action={
            may && (
              <Button size="sm" onClick={() => void act(retryVideo(video.id))}>
                <RotateCcw className="size-3.5" />
                Go on
              </Button>
            )
          }
        >
          {video.status === "cancelled" ? "This was cancelled; what was done is kept." : String(video.error?.detail ?? "It could not be worked on.")}
        </Notice>
      )}
      {lost && <LoadFault error={lost} retry={() => void refetch()} />}
      {frames && frames.items.length > 0 && (
        <ul aria-label="Scenes" className="flex gap-2 overflow-x-auto pb-1">
          {frames.items.map((frame) => (
            <li key={frame.id} className="shrink-0">
              <button type="button" aria-label={`Scene at ${clock(frame.at_ms / 1000)}`} className="grid gap-1 rounded-lg p-1 hover:bg-hover" onClick={() => seek(frame.at_ms / 1000)}>
                <img src={frame.url} alt="" loading="lazy" className="h-16 rounded border" />
                <span className="text-[12px] text-ink-3 tabular-nums">{clock(frame.at_ms / 1000)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {words.length > 0 && (
        <p className="max-h-64 overflow-y-auto leading-relaxed [overflow-wrap:anywhere]">
          {words.map((word, index) => (
            <span key={`${word.start}-${index}`}>
              <button
                type="button"
                title={`Go to ${clock(word.start)}`}
                className={cn("rounded px-0.5 text-left hover:bg-hover", index === said && "bg-accent-soft text-accent")}
                onClick={() => seek(word.start)}
              >
                {word.shown ?? word.word}
              </button>{" "}
            </span>
          ))}
        </p>
      )}
      {may && video.has_pictures && <VideoAsk video={video} at={at} />}
      <footer className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-ink-3">
        <span>
          {formatDuration(video.duration_ms)}
          {video.width > 0 && ` · ${video.width} × ${video.height}`}
        </span>
        {heard?.status === "done" && words.length > 0 && (
          <span className="ml-auto flex gap-1">
            {(["srt", "vtt"] as const).map((form) => (
              <Button key={form} asChild variant="ghost" size="sm">
                <a href={`/api/voice/transcriptions/${heard.id}/captions?format=${form}`} download={`captions.${form}`}>
                  <Download className="size-3.5" />
                  {form.toUpperCase()}
                </a>
              </Button>
            ))}
          </span>
        )}
      </footer>
      <Confirm
        open={deleting}
        onOpenChange={setDeleting}
        title="Delete this video?"
        description="Its pictures and its words go with it. What was asked about it stays in the chat."
        action="Delete"
        danger
        run={async () => {
          await removeVideo(video.id);
          await refresh(client);
        }}
      />
    </article>
  );
}
