import { ChevronDown } from "lucide-react";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { buttonStyle } from "@/components/ui/button";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { cn } from "@/lib/cn";
import { modelName, useModels } from "@/lib/models";
import { Loading } from "./model-choice-loading";

const load = () => import("./model-choice");
const ModelChoice = lazy(load);

interface Props {
  value: string | null;
  onPick: (id: string) => void;
  /** What opens it; without one, a button that names the model. */
  trigger?: ReactNode;
  align?: "start" | "end";
  disabled?: boolean;
}

export function ModelPicker({ value, onPick, trigger, align = "start", disabled }: Props) {
  const [open, setOpen] = useState(false);
  const { data: models } = useModels();
  const pick = (id: string) => {
    setOpen(false);
    onPick(id);
  };
  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger asChild onPointerEnter={load} onFocus={load}>
        {trigger ?? (
          <button
            type="button"
            disabled={disabled}
            aria-label={`Model: ${modelName(models, value)}`}
            className={cn(buttonStyle({ variant: "ghost", size: "md" }), "min-w-0 shrink px-2.5 text-[15px] font-semibold text-ink")}
          >
            <span className="truncate">{modelName(models, value)}</span>
            <ChevronDown aria-hidden className="size-4 text-ink-3" />
          </button>
        )}
      </PopoverTrigger>
      <PopoverContent
        align={align}
        aria-label="Choose a model"
        className="flex max-h-[min(70dvh,var(--radix-popover-content-available-height),560px)] w-[min(94vw,26rem)] flex-col p-0"
      >
        <Suspense fallback={<Loading />}>
          <ModelChoice models={models} value={value} onPick={pick} onLeave={() => setOpen(false)} />
        </Suspense>
      </PopoverContent>
    </Popover>
  );
}
