import { Check, Copy, type LucideIcon, TriangleAlert } from "lucide-react";
import { type ComponentProps, type ReactNode, useEffect, useState } from "react";
import { copyText } from "@/lib/clipboard";
import { cn } from "@/lib/cn";
import { keyNames } from "@/lib/shortcuts";
import { Button } from "./button";

const badgeTones = {
  neutral: "bg-subtle text-ink-2",
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  danger: "bg-danger-soft text-danger",
  accent: "bg-accent-soft text-accent",
};

interface BadgeProps {
  tone?: keyof typeof badgeTones;
  className?: string;
  children: ReactNode;
}

export const Badge = ({ tone = "neutral", className, children }: BadgeProps) => (
  <span className={cn("inline-flex h-5.5 items-center gap-1 rounded-md px-1.5 text-xs font-medium whitespace-nowrap", badgeTones[tone], className)}>
    {children}
  </span>
);

export const Skeleton = ({ className }: { className?: string }) => (
  <div aria-hidden className={cn("animate-pulse rounded-md bg-subtle", className)} />
);

export function Kbd({ keys }: { keys: string }) {
  return (
    <span className="inline-flex gap-1">
      {keyNames(keys).map((name) => (
        <kbd key={name} className="inline-flex h-5.5 min-w-5.5 items-center justify-center rounded-md border bg-subtle px-1.5 font-sans text-xs text-ink-2">
          {name}
        </kbd>
      ))}
    </span>
  );
}

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
  className?: string;
}

export const Empty = ({ icon: Icon, title, children, action, className }: EmptyProps) => (
  <div className={cn("grid justify-items-center gap-2 rounded-xl border border-dashed px-6 py-12 text-center", className)}>
    <Icon aria-hidden className="mb-1 size-6 text-ink-3" strokeWidth={1.6} />
    <p className="font-medium">{title}</p>
    {children && <div className="max-w-96 text-sm text-ink-2">{children}</div>}
    {action && <div className="mt-3">{action}</div>}
  </div>
);

interface NoticeProps {
  tone?: "warn" | "danger" | "good" | "neutral";
  icon?: LucideIcon;
  children: ReactNode;
  className?: string;
  action?: ReactNode;
}

const noticeTones = {
  neutral: "bg-subtle text-ink-2",
  warn: "bg-warn-soft text-warn",
  danger: "bg-danger-soft text-danger",
  good: "bg-good-soft text-good",
};

export const Notice = ({ tone = "neutral", icon: Icon = TriangleAlert, children, className, action }: NoticeProps) => (
  <div role={tone === "danger" ? "alert" : "status"} className={cn("flex items-start gap-2.5 rounded-xl px-3.5 py-2.5 text-sm", noticeTones[tone], className)}>
    <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
    <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">{children}</div>
    {action}
  </div>
);

interface CopyProps extends Omit<ComponentProps<typeof Button>, "onClick" | "children"> {
  text: string | (() => string);
  label?: string;
  /** Words beside the icon. */
  words?: string;
}

export function CopyButton({ text, label = "Copy", words, variant = "ghost", size = words ? "sm" : "icon", ...props }: CopyProps) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), 1600);
    return () => clearTimeout(timer);
  }, [copied]);
  const Icon = copied ? Check : Copy;
  return (
    <>
      <Button
        variant={variant}
        size={size}
        aria-label={words ? undefined : label}
        title={words ? undefined : label}
        onClick={async () => setCopied(await copyText(typeof text === "function" ? text() : text))}
        {...props}
      >
        <Icon className={cn("size-4", copied && "text-good")} />
        {words && (copied ? "Copied" : words)}
      </Button>
      <span aria-live="polite" className="sr-only">
        {copied ? "Copied" : ""}
      </span>
    </>
  );
}

/** A command or a secret to take away: one line that scrolls, with a copy button. */
export function Snippet({ text, label, lines }: { text: string; label: string; lines?: boolean }) {
  return (
    <div className="flex min-w-0 items-start gap-1 rounded-lg border bg-code py-1 pr-1 pl-3">
      <pre
        tabIndex={0}
        role="region"
        aria-label={label}
        className={cn("min-w-0 flex-1 overflow-x-auto py-1.5 font-mono text-[12.5px] leading-relaxed", !lines && "whitespace-nowrap")}
      >
        {text}
      </pre>
      <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} />
    </div>
  );
}
