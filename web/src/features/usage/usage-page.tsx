import { useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { useState } from "react";
import { Select } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, Table, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { Usage } from "@/lib/api/types";
import { formatCompact, formatCount, formatMoney } from "@/lib/format";
import { useModels, modelName } from "@/lib/models";
import { isAdmin, useSession } from "@/lib/session";
import { DayChart } from "./day-chart";

export default function UsagePage() {
  const session = useSession();
  const [days, setDays] = useState(30);
  const { data, error, refetch } = useQuery({
    queryKey: ["usage", days],
    queryFn: () => api.get<Usage>("/usage", { query: { days } }),
    placeholderData: (before) => before,
  });
  const { data: models } = useModels();
  return (
    <SettingsPage
      title="Usage"
      description={isAdmin(session) ? "What this workspace asked, and what it cost." : "What you asked, and what it cost."}
      action={
        <Select aria-label="Period" className="w-36" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          <option value={7}>7 days</option>
          <option value={30}>30 days</option>
          <option value={90}>90 days</option>
        </Select>
      }
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton />
      ) : data.total.requests === 0 ? (
        <Empty icon={ChartColumn} title="Nothing asked in this time">
          Each answer, from the page or through the API, is counted here within seconds.
        </Empty>
      ) : (
        <>
          <dl className="grid grid-cols-2 gap-3 md:grid-cols-4">
            <Figure name="Cost" value={formatMoney(data.total.cost)} />
            <Figure name="Requests" value={formatCount(data.total.requests)} />
            <Figure name="Tokens in" value={formatCompact(data.total.input_tokens)} />
            <Figure name="Tokens out" value={formatCompact(data.total.output_tokens)} />
          </dl>
          <Section title="By day">
            <Card className="p-5">
              <DayChart rows={data.by_day} days={days} />
            </Card>
          </Section>
          <Section title="By model">
            <Table label="Usage by model" head={["Model", "Requests", "Tokens in", "Tokens out", "Cost"]} right={[1, 2, 3, 4]}>
              {data.by_model.map((row) => (
                <tr key={row.model} className="tabular-nums">
                  <td>
                    <span className="font-medium">{modelName(models, row.model)}</span>
                  </td>
                  <td className="text-right">{formatCount(row.requests)}</td>
                  <td className="text-right">{formatCount(row.input_tokens)}</td>
                  <td className="text-right">{formatCount(row.output_tokens)}</td>
                  <td className="text-right">{formatMoney(row.cost)}</td>
                </tr>
              ))}
            </Table>
          </Section>
        </>
      )}
    </SettingsPage>
  );
}

const Figure = ({ name, value }: { name: string; value: string }) => (
  <Card className="px-5 py-4">
    <dt className="text-[13px] text-ink-3">{name}</dt>
    <dd className="mt-1 text-2xl font-semibold tracking-tight tabular-nums">{value}</dd>
  </Card>
);
