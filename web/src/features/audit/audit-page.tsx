import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollText, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { LoadFault, Section, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Empty, Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { AuditEntry, Page, Verification } from "@/lib/api/types";
import { formatCount, formatDateTime } from "@/lib/format";
import { toast } from "@/lib/toast";

export default function AuditPage() {
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam }) => api.get<Page<AuditEntry>>("/audit", { query: { cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  const [verified, setVerified] = useState<Verification | null>(null);
  const [busy, setBusy] = useState(false);
  const verify = async () => {
    setBusy(true);
    try {
      setVerified(await api.get<Verification>("/audit/verification"));
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    } finally {
      setBusy(false);
    }
  };
  const entries = data?.pages.flatMap((page) => page.items);
  return (
    <SettingsPage
      title="Audit trail"
      description="Who changed what in this workspace. Entries are chained by hash: none can be altered or taken out unseen."
      action={
        <Button busy={busy} onClick={verify}>
          {!busy && <ShieldCheck className="size-4" />}
          Verify the chain
        </Button>
      }
    >
      <Section>
        {verified && (
          <Notice tone={verified.whole ? "good" : "danger"} icon={verified.whole ? ShieldCheck : undefined}>
            {verified.whole ? "The chain is whole: every entry is as it was written." : `The chain is broken from entry ${formatCount(verified.first_broken ?? 0)} on.`}
          </Notice>
        )}
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
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
    </SettingsPage>
  );
}

const describe = (detail: Record<string, unknown>): string =>
  Object.entries(detail)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${Array.isArray(value) ? value.join(" ") : typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
