import type { LineHunk } from "@/lib/api/schema";
import { cn } from "@/lib/cn";

const signs = { same: " ", removed: "−", added: "+" };

/** How one text became another, line by line. */
export function Hunks({ hunks }: { hunks: readonly LineHunk[] }) {
  if (hunks.every((hunk) => hunk.kind === "same")) return <p className="rounded-lg border px-3 py-6 text-center text-sm text-ink-3">Nothing has changed.</p>;
  return (
    <div tabIndex={0} role="region" aria-label="Changes" className="scroll max-h-[50dvh] overflow-auto rounded-lg border bg-code py-1 font-mono text-[12.5px] leading-relaxed">
      {hunks.map((hunk, at) => (
        <div key={at} className={cn(hunk.kind === "removed" && "bg-danger-soft", hunk.kind === "added" && "bg-good-soft")}>
          {hunk.lines.map((line, down) => (
            <div key={down} className="flex">
              <span aria-hidden className="w-10 shrink-0 pr-2 text-right text-ink-3 select-none">
                {(hunk.kind === "removed" ? hunk.before : hunk.after) + down}
              </span>
              <span className="w-4 shrink-0 text-ink-3 select-none">
                <span aria-hidden>{signs[hunk.kind]}</span>
                {hunk.kind !== "same" && <span className="sr-only">{hunk.kind}: </span>}
              </span>
              <span className="min-w-0 flex-1 pr-3 whitespace-pre-wrap [overflow-wrap:anywhere]">{line}</span>
            </div>
          ))}
        </div>
      ))}
    </div>
  );
}
