import { Popover as Radix } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";
import { popStyle } from "./menu";

export const Popover = Radix.Root;
export const PopoverTrigger = Radix.Trigger;

export const PopoverContent = ({ className, ...props }: ComponentProps<typeof Radix.Content>) => (
  <Radix.Portal>
    <Radix.Content sideOffset={6} collisionPadding={8} className={cn(popStyle, className)} {...props} />
  </Radix.Portal>
);
