import { type ComponentProps, type ReactNode, useId } from "react";
import { cn } from "@/lib/cn";

const control =
  "w-full rounded-lg border border-line-strong/55 bg-raised px-3 text-sm text-ink transition-colors hover:border-line-strong focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0 disabled:opacity-60 aria-invalid:border-danger";

export const Input = ({ className, ...props }: ComponentProps<"input">) => (
  <input className={cn(control, "h-9", className)} {...props} />
);

export const Textarea = ({ className, ...props }: ComponentProps<"textarea">) => (
  <textarea className={cn(control, "min-h-20 py-2 leading-relaxed", className)} {...props} />
);

/** The browser's own select: it works with every keyboard, reader and phone. */
export const Select = ({ className, ...props }: ComponentProps<"select">) => (
  <select className={cn(control, "h-9 pr-2", className)} {...props} />
);

interface Props {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  className?: string;
  children: (ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: true }) => ReactNode;
}

/** A label, its control, and what to know about it; wires the ids. */
export function Field({ label, hint, error, className, children }: Props) {
  const id = useId();
  const note = error || hint;
  return (
    <div className={cn("grid gap-1.5", className)}>
      <label htmlFor={id} className="text-[13px] font-medium">
        {label}
      </label>
      {children({
        id,
        ...(note ? { "aria-describedby": `${id}-note` } : {}),
        ...(error ? { "aria-invalid": true as const } : {}),
      })}
      {note && (
        <p id={`${id}-note`} role={error ? "alert" : undefined} className={cn("text-[13px]", error ? "text-danger" : "text-ink-3")}>
          {note}
        </p>
      )}
    </div>
  );
}

interface CheckProps extends Omit<ComponentProps<"input">, "type"> {
  label: ReactNode;
  hint?: ReactNode;
}

export function Checkbox({ label, hint, className, ...props }: CheckProps) {
  const id = useId();
  return (
    <div className={cn("flex gap-3", className)}>
      <input id={id} type="checkbox" className="mt-1 size-4 shrink-0 accent-accent" aria-describedby={hint ? `${id}-hint` : undefined} {...props} />
      <div>
        <label htmlFor={id} className="text-sm font-medium">
          {label}
        </label>
        {hint && (
          <p id={`${id}-hint`} className="text-[13px] text-ink-3">
            {hint}
          </p>
        )}
      </div>
    </div>
  );
}
