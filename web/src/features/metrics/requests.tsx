import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Select } from "@/components/ui/field";
import { Card, LoadFault, Section, Table, TableSkeleton } from "@/components/ui/page";
import { api } from "@/lib/api/client";
import type { OtherRequest } from "@/lib/api/types";
import { formatCount } from "@/lib/format";

const kinds: Record<OtherRequest["kind"], { name: string; head: string; none: string }> = {
  refused: { name: "Refused", head: "Request", none: "No request for a model was refused in this time." },
  api: { name: "Page and API", head: "Request", none: "Nothing else was asked in this time." },
  job: { name: "Jobs", head: "Job", none: "No job ran for this workspace in this time." },
};

/** What there was besides calls of models: by what it was and how it ended. */
export function Requests({ start, end }: { start: string; end: string }) {
  const [kind, setKind] = useState<OtherRequest["kind"]>("refused");
  const { data, error, refetch } = useQuery({
    queryKey: ["metrics", "requests", start, end],
    queryFn: () => api.get<OtherRequest[]>("/metrics/requests", { query: { start, end, limit: "500" } }),
    refetchInterval: 15_000,
    placeholderData: (before) => before,
  });
  const rows = data?.filter((row) => row.kind === kind) ?? [];
  return (
    <Section
      title="Besides calls"
      action={
        <Select aria-label="Besides calls: which" className="w-40" value={kind} onChange={(event) => setKind(event.target.value as OtherRequest["kind"])}>
          {Object.entries(kinds).map(([key, { name }]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </Select>
      }
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={2} />
      ) : rows.length === 0 ? (
        <Card className="p-4 text-sm text-ink-2">{kinds[kind].none}</Card>
      ) : (
        <Table label="Besides calls" head={[kinds[kind].head, "Result", "Times"]} right={[2]}>
          {rows.map((row) => (
            <tr key={`${row.what} ${row.result} ${row.error}`} className="tabular-nums">
              <td className="font-mono text-[13px] break-all">{row.what}</td>
              <td className="whitespace-nowrap">{[row.result?.replace("_", " "), row.error].filter(Boolean).join(" · ")}</td>
              <td className="text-right">{formatCount(row.count)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
