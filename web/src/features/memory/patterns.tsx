import { useQueryClient } from "@tanstack/react-query";
import { Activity, X } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Card, LoadFault, Section, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { Pattern } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { settle } from "./acts";
import { changeLists, patternsKey, usePatterns } from "./queries";
import { patternCounts, patternSentence } from "./words";

/** What was noticed of how the person works, where it is more than chance. */
export function Patterns() {
  const writes = mayWrite(useSession());
  const client = useQueryClient();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = usePatterns();
  const patterns = data?.pages.flatMap((page) => page.items).filter((one) => one.shown);
  const forget = async (pattern: Pattern) => {
    const undo = await changeLists<Pattern>(client, patternsKey, (items) => items.filter((one) => one.id !== pattern.id));
    await settle(client, undo, api.delete(`/personalization/patterns/${pattern.id}`), "Forgotten.");
  };
  return (
    <Section title="Patterns" description="Counted from what you did. Shown from five times on, and only where it is more than chance.">
      {error ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !patterns ? (
        <TableSkeleton />
      ) : patterns.length === 0 ? (
        <Empty icon={Activity} title="Nothing stands out yet">
          When you write, what you ask for, which models and languages: what comes up often enough to be more than chance is shown here.
        </Empty>
      ) : (
        <Card>
          <ul aria-label="Patterns" className="divide-y">
            {patterns.map((pattern) => (
              <li key={pattern.id} className="flex items-center gap-3 py-2.5 pr-2 pl-4">
                <div className="min-w-0 flex-1">
                  <p className="text-sm font-medium [overflow-wrap:anywhere]">{patternSentence(pattern)}</p>
                  <p className="text-[13px] text-ink-2">
                    {patternCounts(pattern)}
                    {pattern.last_occurred && ` · last ${formatAgo(pattern.last_occurred)}`}
                  </p>
                </div>
                {writes && (
                  <Button variant="ghost" size="icon" aria-label={`Forget: ${patternSentence(pattern)}`} title="Forget" onClick={() => void forget(pattern)}>
                    <X className="size-4" />
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </Card>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </Section>
  );
}
