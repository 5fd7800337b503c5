import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useDark } from "@/lib/use-dark";

export interface Line {
  name: string;
  values: (number | null)[];
  /** Of the three shades that lines have. */
  shade?: 0 | 1 | 2;
}

interface Props {
  label: string;
  /** Seconds since 1970. */
  times: number[];
  lines: Line[];
  format: (value: number) => string;
  area?: boolean;
}

const HEIGHT = 240;
const colours = ["--accent", "--ink-2", "--line-strong"];

/** Lines over time on a canvas: a hundred thousand points take as long as a hundred. A table says the same to readers. */
export function LineChart({ label, times, lines, format, area }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const formatted = useRef(format);
  formatted.current = format;
  const dark = useDark();

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const axis = {
      stroke: colour("--ink-3"),
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
      font: "12px Inter Variable, sans-serif",
    };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
        legend: { show: true, live: true },
        cursor: { drag: { x: false, y: false }, points: { size: 7 } },
        axes: [{ ...axis, space: 110, values: momentNames }, { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => formatted.current(tick)) }],
        scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] } },
        series: [
          { label: "When (UTC)", value: (_, seconds) => (seconds === null ? "–" : moment(seconds)) },
          ...lines.map((line) => ({
            label: line.name,
            stroke: colour(colours[line.shade ?? 0]!),
            fill: area ? `${colour("--accent")}1f` : undefined,
            width: 1.75,
            spanGaps: true,
            points: { show: times.length < 3 },
            value: (_: uPlot, value: number | null) => (value === null ? "–" : formatted.current(value)),
          })),
        ],
      },
      [times, ...lines.map((line) => line.values)],
      element,
    );
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [times, lines, area, dark]);

  return (
    <figure aria-label={label} className="grid min-w-0">
      <div ref={host} aria-hidden className="metrics-chart min-w-0 overflow-hidden text-[13px] text-ink-2 [&_.u-legend_th]:font-medium! [&_.uplot]:[font-family:inherit]!" />
      <Spoken label={label} times={times} lines={lines} format={format} />
    </figure>
  );
}

const moment = (seconds: number) => new Date(seconds * 1000).toLocaleString("en-US", { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: "UTC" });

function momentNames(_: uPlot, ticks: number[]): string[] {
  const short = ticks.length > 1 && ticks[1]! - ticks[0]! < 86_400;
  return ticks.map((tick) => new Date(tick * 1000).toLocaleString("en-US", { month: "short", day: "numeric", timeZone: "UTC", ...(short ? { hour: "2-digit", minute: "2-digit", hour12: false } : {}) }));
}

const SPOKEN = 100;

/** As many rows as somebody listens to; the others are in the export. */
function Spoken({ label, times, lines, format }: Omit<Props, "area">) {
  const rows = times.map((time, index) => ({ time, values: lines.map((line) => line.values[index]) })).filter((row) => row.values.some((value) => value !== null && value !== 0));
  return (
    <table className="sr-only">
      <caption>{rows.length > SPOKEN ? `${label}, the last ${SPOKEN} of ${rows.length}` : label}</caption>
      <thead>
        <tr>
          <th scope="col">When (UTC)</th>
          {lines.map((line) => (
            <th key={line.name} scope="col">
              {line.name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.slice(-SPOKEN).map((row) => (
          <tr key={row.time}>
            <th scope="row">{moment(row.time)}</th>
            {row.values.map((value, index) => (
              <td key={lines[index]!.name}>{value == null ? "–" : format(value)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
