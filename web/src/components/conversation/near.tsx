import { type ReactNode, useEffect, useRef, useState } from "react";

interface Props {
  /** By which an address names the turn: its message's. */
  id: string;
  /** Near from the start: no waiting for the observer. */
  start: boolean;
  children: (near: boolean) => ReactNode;
}

/**
 * One turn of a long chat. What is far away costs no layout (content-visibility), and its markdown is not even parsed
 * until it comes within two screens; it is in the page as text all the same, so that searching in the page finds it.
 */
export function Near({ id, start, children }: Props) {
  const [near, setNear] = useState(start);
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (near || !element.current) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setNear(true), { rootMargin: "1600px 0px" });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [near]);
  return (
    <div ref={element} id={id} className="turn">
      {children(near)}
    </div>
  );
}
