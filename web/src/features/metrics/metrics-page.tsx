import { useQuery } from "@tanstack/react-query";
import { ChartColumn } from "lucide-react";
import { useMemo, useState } from "react";
import { useSearchParams } from "wouter";
import { Select } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { MetricPoint, Overview, Spend } from "@/lib/api/types";
import { formatCompact, formatDuration, formatMoney } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { Groups } from "./groups";
import { type Line, LineChart } from "./line-chart";
import { isRange, type Range, ranges, startOf } from "./range";
import { Requests } from "./requests";
import { Tiles } from "./tiles";

const REFRESH_MS = 15_000;

interface View {
  title: string;
  format: (value: number) => string;
  lines: { name: string; of: (point: MetricPoint) => number | null; shade?: Line["shade"] }[];
}

const views: Record<string, View> = {
  spend: { title: "Spend", format: formatMoney, lines: [{ name: "Spend", of: (point) => Number(point.total_cost) }] },
  requests: { title: "Requests", format: formatCompact, lines: [{ name: "Requests", of: (point) => point.total_requests }] },
  tokens: {
    title: "Tokens",
    format: formatCompact,
    lines: [
      { name: "In", of: (point) => point.input_tokens },
      { name: "Out", of: (point) => point.output_tokens, shade: 1 },
    ],
  },
  errors: { title: "Errors", format: formatCompact, lines: [{ name: "Errors", of: (point) => point.error_count }] },
  latency: {
    title: "Time to answer",
    format: formatDuration,
    lines: [
      { name: "p50", of: (point) => point.p50_latency_ms ?? null },
      { name: "p95", of: (point) => point.p95_latency_ms ?? null, shade: 1 },
      { name: "p99", of: (point) => point.p99_latency_ms ?? null, shade: 2 },
    ],
  },
};

/** What the workspace asked, what it cost and how it was answered, in one look. */
export default function MetricsPage() {
  const [search, setSearch] = useSearchParams();
  const asked = search.get("range");
  const range: Range = isRange(asked) ? asked : "30d";
  const { data, error, refetch } = useQuery({
    queryKey: ["metrics", "overview", range],
    queryFn: () => api.get<Overview>("/metrics/overview", { query: { start: startOf(range) } }),
    placeholderData: (before) => before,
    refetchInterval: REFRESH_MS,
  });
  const { data: spend } = useQuery({ queryKey: ["metrics", "spend"], queryFn: () => api.get<Spend>("/metrics/spend"), refetchInterval: REFRESH_MS });
  const { data: models } = useModels();
  return (
    <SettingsPage
      title="Metrics"
      description="What this workspace asked, what it cost and how it was answered, beside the time of the same length before. Times are UTC."
      action={
        <Select aria-label="Time" className="w-36" value={range} onChange={(event) => setSearch({ range: event.target.value })}>
          {Object.entries(ranges).map(([key, { name }]) => (
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
        <TableSkeleton rows={6} />
      ) : data.total.total_requests === 0 && Number(data.total.total_cost) === 0 && data.total.total_tokens === 0 ? (
        <Empty icon={ChartColumn} title="Nothing happened in this time">
          Each call, from the page or through the API, is counted here within seconds. Choose a longer time, or ask something.
        </Empty>
      ) : (
        <>
          <Tiles overview={data} month={spend?.month} />
          <OverTime overview={data} />
          <Groups
            title="By model"
            head="Model"
            rows={data.by_model}
            name={(row) => modelName(models, row.name)}
            calls={(row) => (row.group === "(other)" ? null : `/settings/calls?${new URLSearchParams({ model: row.group, start: data.start, end: data.end })}`)}
          />
          <Groups
            title="By person"
            head="Person"
            rows={data.by_user}
            name={(row) => row.name}
            calls={(row) => (row.group === "(other)" ? null : `/settings/calls?${new URLSearchParams({ user_id: row.group, start: data.start, end: data.end })}`)}
          />
          <Requests start={data.start} end={data.end} />
          <Exports start={data.start} end={data.end} />
        </>
      )}
    </SettingsPage>
  );
}

function OverTime({ overview }: { overview: Overview }) {
  const [shown, setShown] = useState("spend");
  const view = views[shown]!;
  const times = useMemo(() => overview.series.map((point) => Date.parse(point.at) / 1000), [overview]);
  const lines = useMemo(() => views[shown]!.lines.map(({ name, of, shade }) => ({ name, shade, values: overview.series.map(of) })), [overview, shown]);
  const step = overview.step === "hourly" ? "an hour" : "a day";
  return (
    <Section
      title="Over time"
      action={
        <Select aria-label="Figure" className="w-44" value={shown} onChange={(event) => setShown(event.target.value)}>
          {Object.entries(views).map(([key, { title }]) => (
            <option key={key} value={key}>
              {title}
            </option>
          ))}
        </Select>
      }
    >
      <Card className="p-4">
        <LineChart label={`${view.title}, ${step}`} times={times} lines={lines} format={view.format} area={lines.length === 1} />
      </Card>
    </Section>
  );
}

function Exports({ start, end }: { start: string; end: string }) {
  const link = (format: string) => `/api/metrics/export?${new URLSearchParams({ format, start, end })}`;
  return (
    <p className="text-sm text-ink-2">
      Every call of this time, one a line:{" "}
      <a className="font-medium text-ink underline underline-offset-2" href={link("csv")} download>
        CSV
      </a>
      ,{" "}
      <a className="font-medium text-ink underline underline-offset-2" href={link("parquet")} download>
        Parquet
      </a>
      . Prompts and answers are in neither.
    </p>
  );
}
