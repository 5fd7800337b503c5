import { Check, CircleDashed, CircleSlash, type LucideIcon, MessageCircleQuestion, X } from "lucide-react";
import { Spinner } from "@/components/ui/spinner";
import { cn } from "@/lib/cn";
import { type Mark, marks } from "./words";

const icons: Record<Exclude<Mark, "running">, LucideIcon> = { made: Check, pending: CircleDashed, verified: Check, answered: MessageCircleQuestion, failed: X, skipped: CircleSlash };

const inks: Record<Mark, string> = { made: "text-ink-2", pending: "text-ink-3", running: "text-accent", verified: "text-good", answered: "text-warn", failed: "text-danger", skipped: "text-ink-3" };

/** The border and ground of a node by its state. */
export const grounds: Record<Mark, string> = {
  made: "border-line-strong/60 bg-subtle",
  pending: "border-dashed border-line-strong/60 bg-raised",
  running: "border-accent bg-accent-soft",
  verified: "border-good/60 bg-good-soft",
  answered: "border-warn/60 bg-warn-soft",
  failed: "border-danger/60 bg-danger-soft",
  skipped: "border-dashed border-line-strong/60 bg-subtle",
};

/** A node's state by colour, icon and word. */
export function StateMark({ state, className }: { state: Mark; className?: string }) {
  const Icon = state === "running" ? null : icons[state];
  return (
    <span className={cn("inline-flex items-center gap-1 text-xs font-medium whitespace-nowrap", inks[state], className)}>
      {Icon ? <Icon aria-hidden className="size-3.5" /> : <Spinner className="size-3.5" />}
      {marks[state]}
    </span>
  );
}
