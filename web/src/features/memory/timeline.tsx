import { CalendarClock } from "lucide-react";
import { LoadFault, Section, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import { Changes } from "./changes";
import { useMemoryChanges, usePreferenceChanges } from "./queries";
import { woven } from "./words";
import { useWhose } from "./whose";

/** What changed and why, of memories and preferences, the newest first. */
export function Timeline() {
  const memories = useMemoryChanges();
  const preferences = usePreferenceChanges();
  // What a group has in common has no tastes.
  const both = useWhose() === null ? [memories, preferences] : [memories];
  const error = both.map((one) => one.error).find(Boolean);
  const changes = both.every((one) => one.data) && woven(both.map((one) => one.data?.pages.flatMap((page) => page.items) ?? []), both.map((one) => one.hasNextPage));
  return (
    <Section title="Timeline" description="What changed, and why. What was forgotten leaves no text here.">
      {error ? (
        <LoadFault error={error} retry={() => both.forEach((one) => void one.refetch())} />
      ) : !changes ? (
        <TableSkeleton />
      ) : changes.length === 0 ? (
        <Empty icon={CalendarClock} title="Nothing has happened yet">
          Each thing that is learned, corrected, replaced or forgotten is noted here.
        </Empty>
      ) : (
        <Changes label="Timeline" changes={changes} />
      )}
      <ShowMore when={both.some((one) => one.hasNextPage)} busy={both.some((one) => one.isFetchingNextPage)} load={() => both.forEach((one) => one.hasNextPage && void one.fetchNextPage())} />
    </Section>
  );
}
