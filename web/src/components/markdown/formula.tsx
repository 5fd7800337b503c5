/** KaTeX, a chunk of its own. It writes MathML, which browsers set by themselves: no style sheet and no fonts to load. */
import katex from "katex";
import { useMemo } from "react";

interface Props {
  tex: string;
  display: boolean;
}

/** A formula; its source where it is none. `trust` is off: no links, pictures or HTML come out of it. */
export default function Formula({ tex, display }: Props) {
  const html = useMemo(() => {
    try {
      const math = katex.renderToString(tex, { output: "mathml", displayMode: display, throwOnError: true, strict: "ignore", trust: false, maxExpand: 300, maxSize: 20 });
      // The content security policy takes no style attributes; the few that KaTeX writes are ornaments.
      return math.replace(/ style="[^"]*"/g, "");
    } catch {
      return null;
    }
  }, [tex, display]);
  if (html === null) return <code>{tex}</code>;
  return display ? (
    <div className="overflow-x-auto py-1 text-center text-[1.1em]" tabIndex={0} role="region" aria-label="Formula" dangerouslySetInnerHTML={{ __html: html }} />
  ) : (
    <span dangerouslySetInnerHTML={{ __html: html }} />
  );
}
