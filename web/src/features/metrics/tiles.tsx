import { TrendingDown, TrendingUp } from "lucide-react";
import { Card } from "@/components/ui/page";
import type { MetricSums, Overview, Spend } from "@/lib/api/types";
import { formatCompact, formatCount, formatDate, formatDuration, formatMoney } from "@/lib/format";
import { change } from "./range";

interface TileProps {
  name: string;
  value: string;
  note?: string;
  now: number;
  before: number;
}

function Tile({ name, value, note, now, before }: TileProps) {
  const changed = change(now, before);
  const Icon = changed?.up ? TrendingUp : TrendingDown;
  return (
    <Card className="grid content-start gap-1 px-4 py-3.5">
      <dt className="text-[13px] text-ink-3">{name}</dt>
      <dd className="text-xl font-semibold tracking-tight tabular-nums">{value}</dd>
      <dd className="flex min-h-4.5 flex-wrap items-center gap-x-2 text-xs text-ink-3">
        {changed && (
          <span className="inline-flex items-center gap-1 text-ink-2">
            <Icon aria-hidden className="size-3.5" />
            {changed.text}
            <span className="sr-only">{changed.up ? "more than the time before" : "less than the time before"}</span>
          </span>
        )}
        {note}
      </dd>
    </Card>
  );
}

const latency = (ms: number | null | undefined) => (ms == null ? "–" : formatDuration(ms));
export const errorShare = (sums: MetricSums) => (sums.total_requests ? sums.error_count / sums.total_requests : 0);
export const percent = (share: number) => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;

/** The figures of a time, each beside what it was before. */
export function Tiles({ overview: { total, before }, month }: { overview: Overview; month?: Spend["month"] }) {
  return (
    <dl className="grid grid-cols-2 gap-3 md:grid-cols-4">
      <Tile name="Spend" value={formatMoney(total.total_cost)} now={Number(total.total_cost)} before={Number(before.total_cost)} />
      <Tile name="Requests" value={formatCount(total.total_requests)} now={total.total_requests} before={before.total_requests} note={total.unique_users === 1 ? "by one person" : total.unique_users ? `by ${formatCount(total.unique_users)} people` : undefined} />
      <Tile name="Tokens" value={formatCompact(total.total_tokens)} now={total.total_tokens} before={before.total_tokens} note={`${formatCompact(total.input_tokens)} in, ${formatCompact(total.output_tokens)} out`} />
      <Tile name="Errors" value={percent(errorShare(total))} now={errorShare(total)} before={errorShare(before)} note={`${formatCount(total.error_count)} of ${formatCount(total.total_requests)}`} />
      <Tile name="Half answered within" value={latency(total.p50_latency_ms)} now={total.p50_latency_ms ?? NaN} before={before.p50_latency_ms ?? NaN} note="p50" />
      <Tile name="95% within" value={latency(total.p95_latency_ms)} now={total.p95_latency_ms ?? NaN} before={before.p95_latency_ms ?? NaN} note="p95" />
      <Tile name="99% within" value={latency(total.p99_latency_ms)} now={total.p99_latency_ms ?? NaN} before={before.p99_latency_ms ?? NaN} note="p99" />
      <Tile name="This month’s calls lead to" value={month ? formatMoney(month.forecast) : "–"} now={NaN} before={NaN} note={month ? `${formatMoney(month.spent)} so far, until ${formatDate(new Date(Date.parse(month.end) - 1).toISOString())}` : undefined} />
    </dl>
  );
}
