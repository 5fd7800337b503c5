import { ChevronLeft, ChevronRight } from "lucide-react";
import { Button } from "@/components/ui/button";
import type { Siblings } from "./tree";

interface Props {
  siblings: Siblings | null;
  noun: string;
  disabled: boolean;
  onBranch: (id: string) => void;
}

/** ‹ 2/3 ›: turns between the versions of a question or an answer. */
export function BranchSwitcher({ siblings, noun, disabled, onBranch }: Props) {
  if (!siblings || siblings.ids.length < 2) return null;
  const { index, ids } = siblings;
  const go = (to: number) => {
    const id = ids[to];
    if (id) onBranch(id);
  };
  return (
    <div role="group" aria-label={`Versions of this ${noun}`} className="flex items-center text-[13px] text-ink-2">
      <Button variant="ghost" size="icon" className="size-7" aria-label={`Previous ${noun}`} disabled={disabled || index === 0} onClick={() => go(index - 1)}>
        <ChevronLeft className="size-4" />
      </Button>
      <span className="min-w-8 text-center tabular-nums">
        {index + 1}/{ids.length}
      </span>
      <Button variant="ghost" size="icon" className="size-7" aria-label={`Next ${noun}`} disabled={disabled || index === ids.length - 1} onClick={() => go(index + 1)}>
        <ChevronRight className="size-4" />
      </Button>
    </div>
  );
}
