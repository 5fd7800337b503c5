import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText } from "lucide-react";
import { Button } from "@/components/ui/button";
import { LoadFault, Section, SettingsPage, Table, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { AuditEntry, Page } from "@/lib/api/types";
import { formatDateTime } from "@/lib/format";

export default function AuditPage() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam }) => api.get<Page<AuditEntry>>("/audit", { query: { cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  const entries = data?.pages.flatMap((page) => page.items);
  return (
    <SettingsPage title="Audit trail" description="Who changed what in this workspace. Entries are chained by hash: none can be altered or taken out unseen.">
      <Section>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !entries ? (
          <TableSkeleton rows={8} />
        ) : entries.length === 0 ? (
          <Empty icon={ScrollText} title="Nothing has happened yet" />
        ) : (
          <Table label="Audit trail" head={["When", "Who", "What", "On", "Detail"]}>
            {entries.map((entry) => (
              <tr key={entry.id}>
                <td className="whitespace-nowrap text-ink-2 tabular-nums">
                  <time dateTime={entry.at}>{formatDateTime(entry.at)}</time>
                </td>
                <td className="max-w-52 truncate">{entry.actor_email ?? entry.actor_kind.replace("_", " ")}</td>
                <td className="font-mono text-[13px] whitespace-nowrap">{entry.action}</td>
                <td className="max-w-48 truncate text-ink-2" title={entry.target_id}>
                  {entry.target_kind.replace("_", " ")}
                </td>
                <td className="min-w-40 text-[13px] text-ink-2 [overflow-wrap:anywhere]">{describe(entry.detail)}</td>
              </tr>
            ))}
          </Table>
        )}
        {hasNextPage && (
          <Button className="justify-self-center" size="sm" busy={isFetchingNextPage} onClick={() => fetchNextPage()}>
            Show more
          </Button>
        )}
      </Section>
    </SettingsPage>
  );
}

const describe = (detail: Record<string, unknown>): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
