import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/page";
import { type Bar, ranked } from "./bars";

interface Props {
  title: string;
  note: string;
  bars: Bar[];
  /** Where the scale ends; without it, at the largest figure. */
  most?: number;
  best: "most" | "least";
  ticks?: string[];
}

const FIRST = 10;

/** Bars with intervals, the best first. */
export function Chart({ title, note, bars, most, best, ticks }: Props) {
  const [all, setAll] = useState(false);
  const sorted = ranked(bars, best);
  const shown = all ? sorted : sorted.slice(0, FIRST);
  const end = most ?? Math.max(Number.MIN_VALUE, ...bars.map((bar) => Math.max(bar.value ?? 0, bar.high ?? 0)));
  const at = (value: number) => `${Math.min(100, (value / end) * 100)}%`;
  return (
    <Card className="p-5">
      <figure className="grid gap-3">
        <figcaption className="grid gap-0.5">
          <h2 className="text-[15px] font-semibold">{title}</h2>
          <p className="text-[13px] text-ink-3">{note}</p>
        </figcaption>
        <ul className="grid gap-2.5">
          {shown.map((bar) => (
            <li key={bar.key} className="grid gap-1 text-[13px]">
              <p className="flex flex-wrap justify-between gap-x-3">
                <span className="font-medium first-letter:uppercase">{bar.name}</span>
                <span className="text-ink-2 tabular-nums">
                  {bar.text}
                  {bar.detail && <span className="text-ink-3">, {bar.detail}</span>}
                </span>
              </p>
              <span aria-hidden className="relative block h-3 rounded-sm bg-subtle">
                {bar.value !== null && <span className="absolute inset-y-0.5 left-0 min-w-px rounded-sm bg-accent opacity-75" style={{ width: at(bar.value) }} />}
                {bar.low != null && bar.high != null && (
                  <span className="absolute inset-y-0 border-x-2 border-ink" style={{ left: `min(${at(bar.low)}, calc(100% - 3px))`, width: `max(3px, ${((Math.min(bar.high, end) - bar.low) / end) * 100}%)` }}>
                    <span className="absolute inset-x-0 top-1/2 h-0.5 -translate-y-1/2 bg-ink" />
                  </span>
                )}
              </span>
            </li>
          ))}
        </ul>
        {ticks && (
          <div aria-hidden className="flex justify-between text-xs text-ink-3">
            {ticks.map((tick) => (
              <span key={tick}>{tick}</span>
            ))}
          </div>
        )}
        {sorted.length > FIRST && (
          <Button size="sm" className="justify-self-start" aria-expanded={all} aria-label={all ? `${title}: the first ${FIRST} only` : `${title}: show all ${sorted.length}`} onClick={() => setAll(!all)}>
            {all ? `The first ${FIRST} only` : `Show all ${sorted.length}`}
          </Button>
        )}
      </figure>
    </Card>
  );
}
