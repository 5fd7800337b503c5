/** Panes on a phone: one at a time, turned by a swipe or by its tab. */
import { type ReactNode, useEffect, useRef } from "react";
import { cn } from "@/lib/cn";

interface Props {
  ids: readonly string[];
  current: string;
  nameOf: (id: string) => string;
  /** Something goes on in it. */
  busy: (id: string) => boolean;
  onCurrent: (id: string) => void;
  children: (id: string) => ReactNode;
}

export function PaneTabs({ ids, current, nameOf, busy, onCurrent, children }: Props) {
  const strip = useRef<HTMLDivElement>(null);
  const tabs = useRef<HTMLDivElement>(null);
  /** Which pane the finger has left in view; the strip is moved only where another is wanted. */
  const seen = useRef(current);

  useEffect(() => {
    tabs.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "center" });
    if (seen.current === current) return;
    seen.current = current;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    strip.current?.scrollTo({ left: ids.indexOf(current) * strip.current.clientWidth, behavior: calm ? "instant" : "smooth" });
  }, [current, ids]);

  useEffect(() => {
    const element = strip.current;
    if (!element) return;
    const settle = () => {
      const id = ids[Math.round(element.scrollLeft / Math.max(1, element.clientWidth))];
      if (id === undefined || id === seen.current) return;
      seen.current = id;
      onCurrent(id);
    };
    element.addEventListener("scrollend", settle);
    return () => element.removeEventListener("scrollend", settle);
  }, [ids, onCurrent]);

  const step = (by: number) => {
    const id = ids[(ids.indexOf(current) + by + ids.length) % ids.length];
    if (!id) return;
    onCurrent(id);
    document.getElementById(`tab-${id}`)?.focus();
  };

  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div ref={tabs} role="tablist" aria-label="Panes" className="flex shrink-0 gap-1 overflow-x-auto border-b px-3 [scrollbar-width:none]">
        {ids.map((id) => (
          <button
            key={id}
            id={`tab-${id}`}
            type="button"
            role="tab"
            aria-selected={id === current}
            aria-controls={`panel-${id}`}
            tabIndex={id === current ? 0 : -1}
            onClick={() => onCurrent(id)}
            onKeyDown={(event) => {
              if (event.key === "ArrowRight") step(1);
              else if (event.key === "ArrowLeft") step(-1);
            }}
            className={cn(
              "-mb-px flex h-11 max-w-44 shrink-0 items-center gap-2 border-b-2 border-transparent px-2 text-[13px] font-medium text-ink-2",
              id === current && "border-accent text-ink",
            )}
          >
            <span className="truncate">{nameOf(id)}</span>
            {busy(id) && <span className="caret" title="Answering" />}
          </button>
        ))}
      </div>
      <div ref={strip} className="flex min-h-0 flex-1 snap-x snap-mandatory overflow-x-auto overflow-y-hidden [scrollbar-width:none]">
        {ids.map((id) => (
          <div
            key={id}
            id={`panel-${id}`}
            role="tabpanel"
            aria-labelledby={`tab-${id}`}
            inert={id !== current}
            className="flex min-h-0 w-full shrink-0 snap-center snap-always flex-col p-2"
          >
            {children(id)}
          </div>
        ))}
      </div>
    </div>
  );
}
