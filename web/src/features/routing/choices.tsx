import { X } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/field";
import { cn } from "@/lib/cn";
import type { Somebody } from "./queries";

interface Props<T extends string> {
  label: string;
  all: readonly T[];
  chosen: readonly T[];
  name?: (value: T) => string;
  onChange: (chosen: T[]) => void;
}

/** Several of a few: a box for each. Kept in the order in which they are offered. */
export const Choices = <T extends string>({ label, all, chosen, name = (value) => value, onChange }: Props<T>) => (
  <div role="group" aria-label={label} className="flex flex-wrap gap-2">
    {all.map((value) => {
      const on = chosen.includes(value);
      return (
        <label key={value} className={cn("flex h-8 cursor-pointer items-center gap-2 rounded-lg border px-2.5 text-[13px] hover:bg-hover", on && "border-accent bg-accent-soft")}>
          <input type="checkbox" className="size-3.5 accent-accent" checked={on} onChange={() => onChange(all.filter((one) => (one === value ? !on : chosen.includes(one))))} />
          {name(value)}
        </label>
      );
    })}
  </div>
);

interface PickProps {
  add: string;
  all: readonly Somebody[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

/** Several of many: chosen from a list, shown with a way to take each out. */
export function Pick({ add, all, chosen, onChange }: PickProps) {
  const nameOf = (id: string) => all.find((one) => one.id === id)?.name ?? id;
  return (
    <div className="grid gap-2">
      {chosen.length > 0 && (
        <ul className="flex flex-wrap gap-1.5">
          {chosen.map((id) => (
            <li key={id} className="flex h-8 max-w-full items-center gap-1 rounded-lg bg-subtle pl-2.5 text-[13px]">
              <span className="truncate">{nameOf(id)}</span>
              <Button variant="ghost" size="icon" aria-label={`Take out ${nameOf(id)}`} onClick={() => onChange(chosen.filter((one) => one !== id))}>
                <X className="size-3.5" />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Select aria-label={add} value="" disabled={all.length === chosen.length} onChange={(event) => onChange([...chosen, event.target.value])}>
        <option value="">{all.length ? `${add} …` : "There are none"}</option>
        {all
          .filter((one) => !chosen.includes(one.id))
          .map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
      </Select>
    </div>
  );
}
