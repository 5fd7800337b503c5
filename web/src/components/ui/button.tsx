import { cva, type VariantProps } from "class-variance-authority";
import { Slot } from "radix-ui";
import type { ComponentProps } from "react";
import { cn } from "@/lib/cn";
import { Spinner } from "./spinner";

export const buttonStyle = cva(
  "inline-flex shrink-0 items-center justify-center gap-2 rounded-lg font-medium whitespace-nowrap transition-colors select-none disabled:opacity-50 [&_svg]:shrink-0",
  {
    variants: {
      variant: {
        primary: "bg-primary text-on-primary hover:opacity-90 disabled:hover:opacity-50",
        accent: "bg-accent text-on-accent hover:opacity-90 disabled:hover:opacity-50",
        outline: "border border-line bg-raised text-ink hover:bg-hover disabled:hover:bg-raised",
        ghost: "text-ink-2 hover:bg-hover hover:text-ink",
        danger: "bg-danger text-white hover:opacity-90 dark:text-[#2a0a12]",
        link: "h-auto rounded px-0 text-accent underline underline-offset-3 hover:no-underline",
      },
      size: {
        sm: "h-8 px-3 text-[13px]",
        md: "h-9 px-4 text-sm",
        lg: "h-11 px-5 text-[15px]",
        icon: "size-8 rounded-lg",
        bare: "",
      },
    },
    defaultVariants: { variant: "outline", size: "md" },
  },
);

interface Props extends ComponentProps<"button">, VariantProps<typeof buttonStyle> {
  asChild?: boolean;
  busy?: boolean;
}

export function Button({ className, variant, size, asChild, busy, children, disabled, type, ...props }: Props) {
  const classes = cn(buttonStyle({ variant, size }), className);
  if (asChild)
    return (
      <Slot.Root className={classes} {...props}>
        {children}
      </Slot.Root>
    );
  return (
    <button type={type ?? "button"} className={classes} disabled={disabled || busy} aria-busy={busy || undefined} {...props}>
      {busy && <Spinner />}
      {children}
    </button>
  );
}
