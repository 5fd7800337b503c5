import { Badge } from "@/components/ui/parts";
import { sentence } from "@/lib/api/client";
import { formatDateTime } from "@/lib/format";
import type { Change } from "./types";
import { happening, named, shownChange } from "./words";

const tones: Record<string, "good" | "warn" | "danger" | undefined> = { added: "good", learned: "good", restored: "good", confirmed: "good", superseded: "warn", lowered: "warn", forgotten: "danger", rejected: "danger" };

/** What happened, each with what was before and after, and why. */
export const Changes = ({ label, changes }: { label: string; changes: readonly Change[] }) => (
  <ol aria-label={label} className="ml-1 grid gap-4 border-l-2 pl-5">
    {changes.map((change, at) => (
      <Entry key={`${change.at}/${at}`} change={change} />
    ))}
  </ol>
);

function Entry({ change }: { change: Change }) {
  const before = shownChange(change.before);
  const after = shownChange(change.after);
  return (
    <li className="relative grid gap-1 text-sm">
      <span aria-hidden className="absolute top-1.5 -left-[26px] size-2.5 rounded-full bg-accent" />
      <p className="flex flex-wrap items-center gap-2 text-[13px] text-ink-3">
        <Badge tone={tones[change.what] ?? "neutral"}>{happening(change.what)}</Badge>
        {change.preference_key && <span className="text-ink-2">{named(change.preference_key)}</span>}
        <time dateTime={change.at}>{formatDateTime(change.at)}</time>
      </p>
      {before && before !== after && <del className="text-ink-3 [overflow-wrap:anywhere]">{before}</del>}
      {after && <p className="[overflow-wrap:anywhere]">{after}</p>}
      {change.why && <p className="text-[13px] text-ink-2">{sentence(change.why)}</p>}
    </li>
  );
}
