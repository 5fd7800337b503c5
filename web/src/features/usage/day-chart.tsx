import { useState } from "react";
import type { Usage } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatCount, formatMoney } from "@/lib/format";

interface Props {
  rows: Usage["by_day"];
  days: number;
}

const dayMs = 86_400_000;
const label = (day: string) => new Date(`${day}T00:00:00Z`).toLocaleDateString("en-US", { month: "short", day: "numeric", timeZone: "UTC" });

/** Requests a day as bars; days without any stand as gaps, so that the time is not bent. */
export function DayChart({ rows, days }: Props) {
  const [at, setAt] = useState<number | null>(null);
  const byDay = new Map(rows.map((row) => [row.day.slice(0, 10), row]));
  const now = Date.now();
  const bars = Array.from({ length: days }, (_, index) => {
    const day = new Date(now - (days - 1 - index) * dayMs).toISOString().slice(0, 10);
    return byDay.get(day) ?? { day, requests: 0, cost: "0" };
  });
  const most = Math.max(1, ...bars.map((bar) => bar.requests));
  const shown = at === null ? null : bars[at];
  const width = 100 / days;

  return (
    <figure className="grid gap-2">
      <p className="h-5 text-[13px] text-ink-2 tabular-nums">
        {shown ? `${label(shown.day)}: ${formatCount(shown.requests)} requests, ${formatMoney(shown.cost)}` : `Requests a day, at most ${formatCount(most)}`}
      </p>
      <svg viewBox="0 0 100 36" preserveAspectRatio="none" className="h-36 w-full" role="img" aria-label={`Requests a day over ${days} days; at most ${most} on one day`} onPointerLeave={() => setAt(null)}>
        <line x1="0" x2="100" y1="36" y2="36" className="stroke-line" strokeWidth="1" vectorEffect="non-scaling-stroke" />
        {bars.map((bar, index) => {
          const height = bar.requests ? Math.max(0.7, (bar.requests / most) * 35) : 0;
          return (
            <g key={bar.day} onPointerEnter={() => setAt(index)}>
              <rect x={index * width} y="0" width={width} height="36" className="fill-transparent" />
              <rect x={(index + 0.14) * width} y={36 - height} width={width * 0.72} height={height} className={cn("fill-accent transition-opacity", at !== null && at !== index && "opacity-45")} />
            </g>
          );
        })}
      </svg>
      <div aria-hidden className="flex justify-between text-xs text-ink-3">
        <span>{label(bars[0]!.day)}</span>
        <span>Today</span>
      </div>
      <table className="sr-only">
        <caption>Requests a day</caption>
        <tbody>
          {bars
            .filter((bar) => bar.requests > 0)
            .map((bar) => (
              <tr key={bar.day}>
                <th scope="row">{label(bar.day)}</th>
                <td>{bar.requests} requests</td>
                <td>{formatMoney(bar.cost)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </figure>
  );
}
