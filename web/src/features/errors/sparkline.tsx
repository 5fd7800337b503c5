import { cn } from "@/lib/cn";
import { plural, pointsOf } from "./words";

interface Props {
  curve: readonly number[];
  /** What one bar stands for. */
  unit: "hour" | "day";
  width?: number;
  height?: number;
  className?: string;
}

/** How many in each hour or day, the latest at the right. */
export function Sparkline({ curve, unit, width = 96, height = 24, className }: Props) {
  const sum = curve.reduce((total, value) => total + value, 0);
  return (
    <svg
      role="img"
      aria-label={`${plural(sum, "error")} in the last ${curve.length} ${unit}s, at most ${Math.max(0, ...curve)} in one`}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      className={cn("block h-6 w-24", className)}
    >
      {pointsOf(curve, width, height).map((bar, at) => (
        <rect key={at} {...bar} className={curve[at] ? "fill-accent" : "fill-line"} />
      ))}
    </svg>
  );
}
