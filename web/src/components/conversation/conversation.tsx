import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/cn";

interface Props {
  /** Changes when the person has asked something: the view then follows again. */
  follow: unknown;
  label?: string;
  children: ReactNode;
  footer?: ReactNode;
}

/** The scrolling room of a chat. It follows the answer until the reader scrolls up, and then leaves them alone. */
export function Conversation({ follow, label = "Conversation", children, footer }: Props) {
  const room = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const sticking = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);

  const toEnd = (smooth = false) => {
    const element = room.current;
    if (!element) return;
    sticking.current = true;
    setAway(false);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollTo({ top: element.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
  };

  useLayoutEffect(() => toEnd(), [follow]);

  useEffect(() => {
    const element = room.current;
    const content = inner.current;
    if (!element || !content) return;
    const observer = new ResizeObserver(() => {
      if (sticking.current) element.scrollTop = element.scrollHeight;
      else setAway(element.scrollHeight - element.scrollTop - element.clientHeight > 120);
    });
    observer.observe(content);
    observer.observe(element);
    const yield_ = (event: WheelEvent) => {
      if (event.deltaY < 0 && element.scrollHeight > element.clientHeight) sticking.current = false;
    };
    element.addEventListener("wheel", yield_, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", yield_);
    };
  }, []);

  const onScroll = () => {
    const element = room.current;
    if (!element) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    const up = element.scrollTop < lastTop.current - 2;
    lastTop.current = element.scrollTop;
    if (up && left > 24) sticking.current = false;
    else if (left < 24) sticking.current = true;
    setAway(!sticking.current && left > 120);
  };

  return (
    <div className="relative flex min-h-0 flex-1 flex-col">
      <div ref={room} onScroll={onScroll} role="region" aria-label={label} tabIndex={0} className="scroll min-h-0 flex-1 bg-bg focus-visible:outline-offset-[-2px]">
        <div ref={inner} className="mx-auto flex w-full max-w-3xl flex-col gap-6 px-4 pt-6 pb-10 sm:px-6">
          {children}
        </div>
      </div>
      <div className={cn("relative mx-auto w-full max-w-3xl", footer && "px-3 pb-[max(0.75rem,env(safe-area-inset-bottom))] sm:px-6")}>
        {away && (
          <Button className="absolute -top-12 left-1/2 z-10 -translate-x-1/2 rounded-full shadow-pop" size="sm" onClick={() => toEnd(true)}>
            <ArrowDown className="size-4" />
            Jump to latest
          </Button>
        )}
        {footer}
      </div>
    </div>
  );
}
