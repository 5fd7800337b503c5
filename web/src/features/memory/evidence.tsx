import { Minus, Plus } from "lucide-react";
import { LoadFault, TableSkeleton } from "@/components/ui/page";
import { formatAgo } from "@/lib/format";
import { useEvidence } from "./queries";
import { evidenceKind, shown } from "./words";

/** What speaks for and against a preference, the newest first, with the person's own words. */
export function EvidenceList({ preferenceKey }: { preferenceKey: string }) {
  const { data: items, error, refetch } = useEvidence(preferenceKey);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!items) return <TableSkeleton rows={2} />;
  if (!items.length) return <p className="text-sm text-ink-2">Nothing is noted.</p>;
  return (
    <ul aria-label="What it rests on" className="grid gap-2 border-t pt-3">
      {items.map((one) => (
        <li key={one.id} className="flex items-start gap-2.5 text-sm">
          {one.sign > 0 ? <Plus aria-label="For it" role="img" className="mt-0.5 size-4 shrink-0 text-good" /> : <Minus aria-label="Against it" role="img" className="mt-0.5 size-4 shrink-0 text-danger" />}
          <div className="min-w-0">
            {one.quote && <q className="text-ink-2 italic [overflow-wrap:anywhere]">{one.quote}</q>}
            <p className="text-[13px] text-ink-3">
              {evidenceKind(one.kind)}: {shown(one.value)} · {formatAgo(one.at)} · counts {one.counts_now.toFixed(one.counts_now < 10 ? 1 : 0)} now
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}
