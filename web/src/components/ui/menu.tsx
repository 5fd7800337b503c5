import { DropdownMenu as Radix } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/cn";

/** Not modal: a modal one writes a style element, which the content security policy forbids. */
export const Menu = (props: ComponentProps<typeof Radix.Root>) => <Radix.Root modal={false} {...props} />;
export const MenuTrigger = Radix.Trigger;

export const popStyle = "z-50 animate-in rounded-xl border bg-raised p-1.5 shadow-pop outline-none";

export const MenuContent = ({ className, sideOffset = 6, ...props }: ComponentProps<typeof Radix.Content>) => (
  <Radix.Portal>
    <Radix.Content sideOffset={sideOffset} collisionPadding={8} className={cn(popStyle, "min-w-48", className)} {...props} />
  </Radix.Portal>
);

const itemStyle =
  "flex min-h-8 cursor-pointer items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-sm outline-none select-none data-[disabled]:cursor-not-allowed data-[disabled]:opacity-50 data-[highlighted]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-ink-3";

interface ItemProps extends ComponentProps<typeof Radix.Item> {
  danger?: boolean;
}

export const MenuItem = ({ className, danger, ...props }: ItemProps) => (
  <Radix.Item className={cn(itemStyle, danger && "text-danger [&_svg]:text-danger", className)} {...props} />
);

export const MenuSeparator = () => <Radix.Separator className="mx-2 my-1.5 h-px bg-line" />;

export const MenuLabel = ({ children }: { children: ReactNode }) => (
  <Radix.Label className="px-2.5 py-1.5 text-[13px] text-ink-3">{children}</Radix.Label>
);
