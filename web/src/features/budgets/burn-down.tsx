import { Badge } from "@/components/ui/parts";
import type { Budget } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatDate, formatMoney } from "@/lib/format";

/** How far a budget is used: spent, held for calls under way, left; what each day cost; when it will be used up. */
export function BurnDown({ budget }: { budget: Budget }) {
  const amount = Number(budget.amount);
  const share = (value: string) => (amount > 0 ? Math.min(100, (Number(value) / amount) * 100) : 100);
  const spent = share(budget.spent);
  const held = Math.min(100 - spent, share(budget.reserved));
  const warned = budget.warn_at !== null && spent >= Number(budget.warn_at) * 100;
  const tone = spent >= 100 ? "bg-danger" : warned ? "bg-warn" : "bg-accent";
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 text-sm tabular-nums">
        <span>
          <span className="font-semibold">{formatMoney(budget.spent)}</span> <span className="text-ink-2">of {formatMoney(budget.amount)}</span>
        </span>
        <span className="text-[13px] text-ink-3">{formatMoney(budget.remaining)} left</span>
      </div>
      <div role="meter" aria-label="Used" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(spent)} className="flex h-2 overflow-hidden rounded-full bg-subtle">
        <span className={cn("h-full", tone)} style={{ width: `${spent}%` }} />
        <span className="h-full bg-accent opacity-35" style={{ width: `${held}%` }} />
      </div>
      <Days budget={budget} />
      <p className="flex flex-wrap items-center gap-2 text-[13px] text-ink-3">
        {spent >= 100 ? <Badge tone="danger">used up</Badge> : warned ? <Badge tone="warn">{Math.round(spent)}% used</Badge> : null}
        {budget.used_up_at ? `At this pace it is used up on ${formatDate(budget.used_up_at)}.` : spent < 100 && Number(budget.spent) > 0 ? "At this pace it lasts." : ""}
        {budget.period_end && ` Begins anew on ${formatDate(budget.period_end)}.`}
      </p>
    </div>
  );
}

function Days({ budget }: { budget: Budget }) {
  const days = budget.by_day.slice(-31);
  if (days.length < 2) return null;
  const most = Math.max(...days.map((day) => Number(day.cost)), 1e-12);
  return (
    <svg viewBox={`0 0 ${days.length * 4} 20`} preserveAspectRatio="none" className="h-8 w-full" role="img" aria-label={`Spent a day, at most ${formatMoney(most)}`}>
      {days.map((day, index) => {
        const height = Number(day.cost) > 0 ? Math.max(0.8, (Number(day.cost) / most) * 20) : 0;
        return (
          <rect key={day.day} x={index * 4 + 0.5} y={20 - height} width={3} height={height} className="fill-accent opacity-60">
            <title>{`${day.day}: ${formatMoney(day.cost)}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}
