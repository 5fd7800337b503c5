/** A mermaid diagram, a chunk of its own; its source where it cannot be drawn. */
import { type ReactNode, useEffect, useState } from "react";
import { CopyButton } from "@/components/ui/parts";
import { useDark } from "@/lib/use-dark";
import { type Drawing, draw } from "./draw";

interface Props {
  source: string;
  /** The source as code: shown until it is drawn, and where it cannot be. */
  children: ReactNode;
}

export default function Diagram({ source, children }: Props) {
  const [picture, setPicture] = useState<(Drawing & { url: string }) | null>(null);
  const [coded, setCoded] = useState(false);
  const dark = useDark();

  useEffect(() => {
    let url: string | null = null;
    let stale = false;
    draw(source, dark).then(
      (drawing) => {
        if (stale) return;
        url = URL.createObjectURL(new Blob([drawing.svg], { type: "image/svg+xml" }));
        setPicture({ ...drawing, url });
      },
      () => {
        if (!stale) setPicture(null);
      },
    );
    return () => {
      stale = true;
      if (url) URL.revokeObjectURL(url);
    };
  }, [source, dark]);

  if (!picture) return children;
  return (
    <figure className="overflow-hidden rounded-xl border">
      <figcaption className="flex h-9 items-center justify-between border-b pr-1 pl-3.5 text-xs text-ink-3">
        <button type="button" aria-pressed={coded} className="font-mono hover:text-ink" onClick={() => setCoded(!coded)}>
          {coded ? "show the diagram" : "show the source"}
        </button>
        <CopyButton text={source} label="Copy code" className="size-7" />
      </figcaption>
      {coded ? (
        <pre tabIndex={0} role="region" aria-label="Source of the diagram" className="code-body scroll overflow-x-auto bg-code px-3.5 py-3">
          <code>{source}</code>
        </pre>
      ) : (
        <img src={picture.url} alt="Diagram drawn from the source beside it" width={picture.width ?? undefined} className="mx-auto max-w-full p-3" />
      )}
    </figure>
  );
}
