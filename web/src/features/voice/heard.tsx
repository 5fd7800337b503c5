import { Download } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { CopyButton } from "@/components/ui/parts";
import type { Transcription } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatAgo, formatDuration, formatMoney } from "@/lib/format";
import { Player, type PlayerHandle } from "./player";
import { clock, wordAt } from "./words";

/** What was heard: its sound, and its words, each of which goes to its moment. */
export function Heard({ heard }: { heard: Transcription }) {
  const player = useRef<PlayerHandle>(null);
  const [at, setAt] = useState(-1);
  const words = heard.word_timestamps;
  return (
    <article aria-label={`Heard: ${heard.transcription.slice(0, 60)}`} className="grid gap-3 rounded-xl border bg-raised px-5 py-4">
      {heard.asset_id && <Player ref={player} assetId={heard.asset_id} label="Recording" onTime={(seconds) => setAt(wordAt(words, seconds))} />}
      {words.length > 0 ? (
        <p className="leading-relaxed [overflow-wrap:anywhere]">
          {words.map((word, index) => (
            <span key={`${word.start}-${index}`}>
              <button
                type="button"
                title={`Go to ${clock(word.start)}`}
                className={cn("rounded px-0.5 text-left hover:bg-hover", index === at && "bg-accent-soft text-accent")}
                onClick={() => player.current?.seek(word.start)}
              >
                {word.shown ?? word.word}
              </button>{" "}
            </span>
          ))}
        </p>
      ) : (
        <p className="leading-relaxed [overflow-wrap:anywhere]">{heard.transcription || <span className="text-ink-3">Nothing was understood.</span>}</p>
      )}
      <footer className="flex flex-wrap items-center gap-x-3 gap-y-1 text-[13px] text-ink-3">
        <span>
          {formatDuration(heard.duration_ms)} · {heard.model}
          {heard.language && ` · ${heard.language}`}
          {Number(heard.cost) > 0 && ` · ${formatMoney(heard.cost)}`} · {formatAgo(heard.created_at)}
        </span>
        <span className="ml-auto flex gap-1">
          <CopyButton text={heard.transcription} label="Copy the text" />
          {words.length > 0 &&
            (["srt", "vtt"] as const).map((form) => (
              <Button key={form} asChild variant="ghost" size="sm">
                <a href={`/api/voice/transcriptions/${heard.id}/captions?format=${form}`} download={`captions.${form}`}>
                  <Download className="size-3.5" />
                  {form.toUpperCase()}
                </a>
              </Button>
            ))}
        </span>
      </footer>
    </article>
  );
}
