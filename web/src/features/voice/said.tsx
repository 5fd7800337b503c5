import { Download } from "lucide-react";
import { Button } from "@/components/ui/button";
import type { SpokenText } from "@/lib/api/types";
import { formatAgo, formatDuration, formatMoney } from "@/lib/format";
import { Player } from "./player";

/** A text that was read out, and its sound. */
export const Said = ({ said }: { said: SpokenText }) => (
  <article aria-label={`Said: ${said.input_text.slice(0, 60)}`} className="grid gap-3 rounded-xl border bg-raised px-5 py-4">
    <p className="leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]">{said.input_text}</p>
    {said.asset_id && <Player assetId={said.asset_id} label="Speech" />}
    <footer className="flex flex-wrap items-center gap-x-3 text-[13px] text-ink-3">
      <span>
        {formatDuration(said.duration_ms)} · {said.voice_id} · {said.model}
        {Number(said.cost) > 0 && ` · ${formatMoney(said.cost)}`} · {formatAgo(said.created_at)}
      </span>
      {said.asset_id && (
        <Button asChild variant="ghost" size="sm" className="ml-auto">
          <a href={`/api/files/${said.asset_id}`} download>
            <Download className="size-3.5" />
            Download
          </a>
        </Button>
      )}
    </footer>
  </article>
);
