import { CircleAlert, CircleCheck, X } from "lucide-react";
import { useEffect, useState } from "react";
import { currentToasts, dismiss, onToasts, type Toast } from "@/lib/toast";
import { Button } from "./button";

export function Toaster() {
  const [toasts, setToasts] = useState(currentToasts);
  useEffect(() => onToasts(setToasts), []);
  return (
    <section
      aria-label="Notices"
      aria-live="polite"
      className="pointer-events-none fixed inset-x-0 top-0 z-[70] flex flex-col items-center gap-2 p-4 sm:top-auto sm:bottom-0 sm:items-end"
    >
      {toasts.map((item) => (
        <Item key={item.id} item={item} />
      ))}
    </section>
  );
}

function Item({ item }: { item: Toast }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    // A notice that is being read or pointed at stays.
    if (held) return;
    const timer = setTimeout(() => dismiss(item.id), item.lasts);
    return () => clearTimeout(timer);
  }, [held, item]);
  return (
    <div
      role={item.kind === "error" ? "alert" : undefined}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
      className="pointer-events-auto flex w-fit max-w-[min(92vw,30rem)] animate-in items-center gap-2.5 rounded-xl border bg-raised py-1.5 pr-1.5 pl-3.5 text-sm shadow-pop"
    >
      {item.kind === "error" && <CircleAlert aria-hidden className="size-4 shrink-0 text-danger" />}
      {item.kind === "success" && <CircleCheck aria-hidden className="size-4 shrink-0 text-good" />}
      <span className="min-w-0 py-1 [overflow-wrap:anywhere]">{item.text}</span>
      {item.action && (
        <Button
          size="sm"
          variant="ghost"
          className="font-semibold text-accent hover:text-accent"
          onClick={() => {
            item.action?.run();
            dismiss(item.id);
          }}
        >
          {item.action.label}
        </Button>
      )}
      <Button size="icon" variant="ghost" aria-label="Dismiss" onClick={() => dismiss(item.id)}>
        <X className="size-4" />
      </Button>
    </div>
  );
}
