import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Card, Section } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import type { CandidateInfo, Terms } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatDuration, formatMoney } from "@/lib/format";
import { modelName, providerName, useModels } from "@/lib/models";
import { type Term, terms } from "./terms";
import { percent } from "./words";

const FIRST = 8;

interface Props {
  candidates: CandidateInfo[];
  weights: Terms;
  chosen: string;
}

/** Every candidate's score as the sum of its weighted terms, and each term beside the figure that it comes from. */
export function Candidates({ candidates, weights, chosen }: Props) {
  const { data: models } = useModels();
  const [all, setAll] = useState(false);
  const shown = all ? candidates : candidates.slice(0, FIRST);
  return (
    <Section title={`Scores of the candidates (${candidates.length})`} description="Each term compares the candidates: 1 is the best of them. The score is their weighted sum.">
      <ul aria-label="Weights" className="flex flex-wrap gap-x-4 gap-y-1 text-[13px] text-ink-2">
        {terms.map(({ term, name, fill }) => (
          <li key={term} className="flex items-center gap-1.5">
            <span aria-hidden className={cn("size-2.5 rounded-xs", fill)} />
            {name} × {percent(weights[term])}
          </li>
        ))}
      </ul>
      <ol className="grid gap-2">
        {shown.map((one) => (
          <li key={one.model} data-candidate={one.model}>
            <Card className={cn("grid gap-3 p-4", one.model === chosen && "border-accent")}>
              <div className="grid gap-1.5">
                <p className="flex flex-wrap items-center gap-2 text-sm">
                  <span className="font-medium">{modelName(models, one.model)}</span>
                  <span className="text-[13px] text-ink-3">{providerName(one.provider)}</span>
                  {one.model === chosen && <Badge tone="accent">chosen</Badge>}
                  <span className="ml-auto font-semibold tabular-nums">
                    <span className="sr-only">Score </span>
                    {one.score.toFixed(3)}
                  </span>
                </p>
                <div aria-hidden className="flex h-3 gap-px overflow-hidden rounded-full bg-subtle">
                  {terms.map(({ term, fill }) => (
                    <span key={term} className={cn("h-full", fill)} style={{ width: `${one.terms[term] * weights[term] * 100}%` }} />
                  ))}
                </div>
              </div>
              <dl className="grid grid-cols-2 gap-x-5 gap-y-3 sm:grid-cols-4">
                {terms.map(({ term, name, fill }) => (
                  <div key={term} className="grid content-start gap-1">
                    <dt className="flex justify-between text-xs text-ink-3">
                      {name}
                      <span className="text-ink-2 tabular-nums">{one.terms[term].toFixed(2)}</span>
                    </dt>
                    <dd className="grid gap-1">
                      <span aria-hidden className="h-1.5 overflow-hidden rounded-full bg-subtle">
                        <span className={cn("block h-full rounded-full", fill)} style={{ width: `${one.terms[term] * 100}%` }} />
                      </span>
                      <span className="text-[13px] text-ink-2 tabular-nums">{figureOf(one, term)}</span>
                      {term === "quality" && <QualityInterval of={one} />}
                    </dd>
                  </div>
                ))}
              </dl>
            </Card>
          </li>
        ))}
      </ol>
      {candidates.length > FIRST && (
        <Button size="sm" className="justify-self-center" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Show the best only" : `Show all ${candidates.length}`}
        </Button>
      )}
    </Section>
  );
}

function figureOf(one: CandidateInfo, term: Term): string {
  switch (term) {
    case "cost":
      return one.estimated_cost === null ? "price not known" : `about ${formatMoney(one.estimated_cost)}`;
    case "latency":
      return `about ${formatDuration(one.estimated_latency_ms)}`;
    case "quality":
      return `${percent(one.quality.mean)} (${percent(one.quality.low)} to ${percent(one.quality.high)})`;
    case "reliability":
      return `${(one.reliability * 100).toFixed(1)}% succeed`;
  }
}

/** How sure the estimate of quality is, on a line from 0 to 100%. */
const QualityInterval = ({ of }: { of: CandidateInfo }) => (
  <span aria-hidden title="Estimate and interval, on a line from 0 to 100%" className="relative block h-2.5">
    <span className="absolute inset-x-0 top-1 h-px bg-line" />
    <span className="absolute top-[3px] h-[3px] rounded-full bg-accent opacity-45" style={{ left: `${of.quality.low * 100}%`, width: `${(of.quality.high - of.quality.low) * 100}%` }} />
    <span className="absolute top-0 h-2.5 w-0.5 -translate-x-1/2 bg-accent" style={{ left: `${of.quality.mean * 100}%` }} />
  </span>
);
