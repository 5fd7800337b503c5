import { Tabs } from "radix-ui";
import type { ReactNode } from "react";
import { cn } from "@/lib/cn";

interface Props {
  label: string;
  /** Name and title of each, in order. */
  views: readonly (readonly [string, string])[];
  value: string;
  onChange: (name: string) => void;
  /** A `View` for each. */
  children: ReactNode;
}

/** The views of a settings page, one at a time, under a row of their titles. */
export const Views = ({ label, views, value, onChange, children }: Props) => (
  <Tabs.Root value={value} onValueChange={onChange} className="grid min-w-0 gap-6">
    <Tabs.List aria-label={label} className="-mb-1 flex max-w-full overflow-x-auto border-b [scrollbar-width:none] sm:gap-1">
      {views.map(([name, title]) => (
        <Tabs.Trigger
          key={name}
          value={name}
          className="-mb-px h-10 shrink-0 border-b-2 border-transparent px-2 text-[13px] font-medium text-ink-2 -outline-offset-2 hover:text-ink sm:px-3 sm:text-sm data-[state=active]:border-accent data-[state=active]:text-ink"
        >
          {title}
        </Tabs.Trigger>
      ))}
    </Tabs.List>
    {children}
  </Tabs.Root>
);

export const View = ({ name, className, children }: { name: string; className?: string; children: ReactNode }) => (
  <Tabs.Content value={name} tabIndex={-1} className={cn("grid min-w-0 outline-none", className)}>
    {children}
  </Tabs.Content>
);
