import { useQuery } from "@tanstack/react-query";
import { ScrollText, ShieldAlert, ShieldCheck } from "lucide-react";
import { useState } from "react";
import { Select } from "@/components/ui/field";
import { LoadFault, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { AccessEntry, TrailVerification } from "@/lib/api/types";
import { describeAgent, formatCount, formatDateTime } from "@/lib/format";
import { useTrail } from "./queries";
import { accessTypes, accessWords } from "./words";

/** Who did what in a vault or to a credential, and whether the log is whole. */
export function Trail({ vault, credential }: { vault: string; credential: string | null }) {
  const [type, setType] = useState("");
  const [result, setResult] = useState("");
  const { items, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useTrail(vault, credential, type, result);
  return (
    <div className="grid min-w-0 gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Select aria-label="What was done" className="w-auto" value={type} onChange={(event) => setType(event.target.value)}>
          <option value="">Whatever was done</option>
          {accessTypes.map((each) => (
            <option key={each} value={each}>
              {accessWords(each)}
            </option>
          ))}
        </Select>
        <Select aria-label="Outcome" className="w-auto" value={result} onChange={(event) => setResult(event.target.value)}>
          <option value="">Any outcome</option>
          <option value="true">Succeeded</option>
          <option value="false">Refused or failed</option>
        </Select>
        <Verified />
      </div>
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !items ? (
        <TableSkeleton rows={6} />
      ) : items.length === 0 ? (
        <Empty icon={ScrollText} title={type || result ? "Nothing of that kind" : "Nothing has happened yet"} />
      ) : (
        <Table label="Access log" head={["When", "Who", "What", "From"]}>
          {items.map((entry) => (
            <tr key={entry.id}>
              <td className="whitespace-nowrap text-ink-2 tabular-nums">
                <time dateTime={entry.created_at}>{formatDateTime(entry.created_at)}</time>
              </td>
              <td className="max-w-44 truncate">{who(entry)}</td>
              <td className="min-w-48">
                {accessWords(entry.access_type)} {!credential && entry.credential_name && <span className="text-ink-2">{entry.credential_name}</span>}{" "}
                {!entry.success && <Badge tone="danger">{entry.failure ?? "failed"}</Badge>}
                {entry.access_reason && <span className="block text-[13px] text-ink-3 [overflow-wrap:anywhere]">“{entry.access_reason}”</span>}
              </td>
              <td className="max-w-40 truncate text-[13px] text-ink-3" title={entry.user_agent ?? undefined}>
                {entry.source_ip}
                {entry.user_agent && entry.actor_kind !== "system" && <span className="block truncate">{describeAgent(entry.user_agent)}</span>}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </div>
  );
}

const who = (entry: AccessEntry): string => entry.accessed_by_email ?? (entry.actor_kind === "system" ? (entry.user_agent ?? "a job") : entry.actor_kind === "api_key" ? "an API key" : "somebody who is gone");

/** Whether every entry is as it was written. */
function Verified() {
  const { data } = useQuery({ queryKey: ["credentials", "verified"], queryFn: () => api.get<TrailVerification>("/credentials/trail/verification"), staleTime: 30_000 });
  if (!data) return null;
  return data.whole ? (
    <Badge tone="good">
      <ShieldCheck aria-hidden className="size-3.5" />
      verified: the log is whole
    </Badge>
  ) : (
    <Badge tone="danger">
      <ShieldAlert aria-hidden className="size-3.5" />
      broken from entry {formatCount(data.first_broken ?? 0)} on
    </Badge>
  );
}
