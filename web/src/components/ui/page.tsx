import { RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { useEffect } from "react";
import { messageOf } from "@/lib/api/client";
import { cn } from "@/lib/cn";
import { Button } from "./button";
import { Notice, Skeleton } from "./parts";

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · RADIANT` : "RADIANT";
  }, [title]);
}

interface PageProps {
  title: string;
  description?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
}

/** One page of the settings. */
export function SettingsPage({ title, description, action, children }: PageProps) {
  useTitle(title);
  return (
    <div className="mx-auto w-full max-w-4xl px-4 pt-2 pb-16 sm:px-8 sm:pt-10">
      <header className="mb-6 flex flex-wrap items-start justify-between gap-x-6 gap-y-3">
        <div className="max-w-xl">
          <h1 className="text-[22px] leading-tight font-semibold tracking-tight">{title}</h1>
          {description && <p className="mt-1.5 text-sm text-ink-2">{description}</p>}
        </div>
        {action}
      </header>
      <div className="grid gap-8">{children}</div>
    </div>
  );
}

interface SectionProps {
  title?: ReactNode;
  description?: ReactNode;
  action?: ReactNode;
  children: ReactNode;
  className?: string;
}

export const Section = ({ title, description, action, children, className }: SectionProps) => (
  <section className={cn("grid min-w-0 gap-3", className)}>
    {title && (
      <div className="flex flex-wrap items-end justify-between gap-3">
        <div>
          <h2 className="text-[15px] font-semibold">{title}</h2>
          {description && <p className="mt-0.5 text-[13px] text-ink-2">{description}</p>}
        </div>
        {action}
      </div>
    )}
    {children}
  </section>
);

export const Card = ({ className, children }: { className?: string; children: ReactNode }) => (
  <div className={cn("min-w-0 rounded-xl border bg-raised", className)}>{children}</div>
);

interface TableProps {
  label: string;
  head: ReactNode[];
  children: ReactNode;
  /** Which columns hold figures and stand to the right. */
  right?: number[];
}

/** A table that scrolls sideways inside its card when the page is narrow. */
export const Table = ({ label, head, children, right = [] }: TableProps) => (
  <div role="region" aria-label={label} tabIndex={0} className="scroll min-w-0 overflow-x-auto rounded-xl border bg-raised">
    <table className="w-full border-collapse text-sm [&_td]:px-4 [&_td]:py-3 [&_td]:align-middle [&_tbody_tr+tr]:border-t">
      <thead>
        <tr className="border-b text-left text-[13px] text-ink-3">
          {head.map((cell, index) => (
            <th key={index} scope="col" className={cn("px-4 py-2.5 font-medium whitespace-nowrap", right.includes(index) && "text-right")}>
              {cell}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  </div>
);

export const TableSkeleton = ({ rows = 4 }: { rows?: number }) => (
  <Card className="grid gap-4 p-4">
    {Array.from({ length: rows }, (_, row) => (
      <Skeleton key={row} className="h-6" />
    ))}
    <span className="sr-only" role="status">
      Loading
    </span>
  </Card>
);

/** Below a list of which there is more. */
export const ShowMore = ({ when, busy, load }: { when: boolean; busy: boolean; load: () => unknown }) =>
  when && (
    <Button className="justify-self-center" size="sm" busy={busy} onClick={() => load()}>
      Show more
    </Button>
  );

export const LoadFault = ({ error, retry }: { error: unknown; retry: () => void }) => (
  <Notice
    tone="danger"
    action={
      <Button size="sm" variant="outline" onClick={retry}>
        <RotateCw className="size-3.5" />
        Try again
      </Button>
    }
  >
    {messageOf(error)}
  </Notice>
);
