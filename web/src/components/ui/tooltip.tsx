import { Tooltip as Radix } from "radix-ui";
import type { ReactElement, ReactNode } from "react";

export const TooltipProvider = ({ children }: { children: ReactNode }) => (
  <Radix.Provider delayDuration={350} skipDelayDuration={150}>
    {children}
  </Radix.Provider>
);

interface Props {
  text: ReactNode;
  side?: "top" | "right" | "bottom" | "left";
  children: ReactElement;
}

/** A hint beside a control, which must have a name of its own: the hint is for those who see it. */
export const Tooltip = ({ text, side = "top", children }: Props) => (
  <Radix.Root>
    <Radix.Trigger asChild>{children}</Radix.Trigger>
    <Radix.Portal>
      <Radix.Content
        side={side}
        sideOffset={6}
        collisionPadding={8}
        className="z-[60] max-w-72 animate-in rounded-lg bg-primary px-2.5 py-1.5 text-xs font-medium text-on-primary shadow-pop"
      >
        {text}
      </Radix.Content>
    </Radix.Portal>
  </Radix.Root>
);
