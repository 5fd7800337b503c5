import { useEffect, useRef } from "react";
import type { Talk } from "./talk";

const BARS = 32;

/** How loud the microphone is. Drawn past React, twenty-five times a second; one still bar where motion is not wanted. */
export function Level({ talk }: { talk: Talk }) {
  const drawn = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const bars = [...(drawn.current?.children ?? [])];
    const peaks = new Array<number>(BARS).fill(0);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let seen = 0;
    return talk.onLevel((peak) => {
      peaks.shift();
      peaks.push(peak);
      seen += 1;
      if (calm && seen % 10 !== 0) return;
      const shown = calm ? new Array<number>(BARS).fill(Math.max(...peaks.slice(-10))) : peaks;
      bars.forEach((bar, at) => {
        const height = Math.max(2, Math.sqrt(shown[at] ?? 0) * 28);
        bar.setAttribute("height", String(height));
        bar.setAttribute("y", String(14 - height / 2));
      });
    });
  }, [talk]);
  return (
    <svg ref={drawn} aria-hidden viewBox={`0 0 ${BARS * 4} 28`} className="h-7 w-24 shrink-0 sm:w-32 text-accent">
      {Array.from({ length: BARS }, (_, at) => (
        <rect key={at} x={at * 4} y={13} width={2.4} height={2} rx={1.2} fill="currentColor" />
      ))}
    </svg>
  );
}
