/**
 * The renderer, a chunk of its own. What a model writes is not trusted: HTML is shown as text, links go out with no
 * opener and only to http(s) and mail, and pictures are links, since loading one would tell its server what was said.
 */
import { ExternalLink, Image } from "lucide-react";
import { type ComponentProps, Suspense, useContext, useMemo, useState } from "react";
import remarkMath from "remark-math";
import { type Components, defaultRemarkPlugins, type ExtraProps, parseMarkdownIntoBlocks, Streamdown } from "streamdown";
import { growing } from "./blocks";
import { remarkCites, sourceOf, SourcesContext } from "./cites";
import { CodeBlock, Formula } from "./code-block";
import { withTex } from "./tex";

type Props<K extends keyof React.JSX.IntrinsicElements> = ComponentProps<K> & ExtraProps;

const safeHref = (href: unknown): string | null =>
  typeof href === "string" && /^(https?:|mailto:)/i.test(href.trim()) ? href.trim() : null;

function Anchor({ href, children }: Props<"a">) {
  const sources = useContext(SourcesContext);
  const source = sourceOf(href);
  if (source !== null && sources)
    return (
      <button type="button" aria-label={`Source ${source}`} title={`Source ${source}`} onClick={() => sources.open(source)} className="rounded px-px text-[0.85em] font-medium text-accent hover:underline">
        {children}
      </button>
    );
  const safe = safeHref(href);
  // Where it leads is not ours to open; the words stay.
  if (safe === null) return <span>{children}</span>;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer" title={safe}>
      {children}
    </a>
  );
}

function Picture({ src, alt }: Props<"img">) {
  const safe = safeHref(src);
  const name = alt || "picture";
  if (safe === null || safe.startsWith("mailto:")) return <span className="text-ink-3">[{name}]</span>;
  return (
    <a href={safe} target="_blank" rel="noopener noreferrer" title={safe} className="inline-flex items-center gap-1.5">
      <Image aria-hidden className="size-4" />
      {name}
      <ExternalLink aria-hidden className="size-3" />
    </a>
  );
}

function Grid({ children }: Props<"table">) {
  return (
    <div className="scroll overflow-x-auto rounded-xl border" tabIndex={0} role="region" aria-label="Table">
      <table>{children}</table>
    </div>
  );
}

function Box({ checked }: Props<"input">) {
  return <input type="checkbox" checked={checked} readOnly disabled aria-label={checked ? "done" : "not done"} className="mr-1 accent-accent" />;
}

function Code({ className, children }: Props<"code">) {
  if (!className?.includes("math-inline") || typeof children !== "string") return <code className={className}>{children}</code>;
  return (
    <Suspense fallback={<code>{children}</code>}>
      <Formula tex={children} display={false} />
    </Suspense>
  );
}

const plain = ["h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "blockquote", "hr", "strong", "sub", "sup", "thead", "tbody", "tr", "th", "td", "section"] as const;

const components: Components = {
  ...Object.fromEntries(plain.map((tag) => [tag, tag])),
  a: Anchor,
  img: Picture,
  table: Grid,
  code: Code,
  pre: CodeBlock,
  input: Box,
};

// Without the raw plugin streamdown turns HTML into text nodes.
const rehypePlugins: never[] = [];
// A single dollar is mostly money: `withTex` knows when it is not.
const remarkPlugins = [...Object.values(defaultRemarkPlugins), [remarkMath, { singleDollarTextMath: false }] as const] as ComponentProps<typeof Streamdown>["remarkPlugins"] & object;

interface MarkdownProps {
  text: string;
  streaming: boolean;
}

export default function Rendered({ text, streaming }: MarkdownProps) {
  const count = useContext(SourcesContext)?.count ?? 0;
  const plugins = useMemo(() => (count ? [...remarkPlugins, [remarkCites, count] as const] : remarkPlugins) as typeof remarkPlugins, [count]);
  const [blocksOf] = useState(() => growing(parseMarkdownIntoBlocks));
  return (
    <div className="prose" dir="auto">
      <Streamdown
        components={components}
        rehypePlugins={rehypePlugins}
        remarkPlugins={plugins}
        parseMarkdownIntoBlocksFn={streaming ? blocksOf : parseMarkdownIntoBlocks}
        parseIncompleteMarkdown={streaming}
        isAnimating={streaming}
      >
        {withTex(text)}
      </Streamdown>
    </div>
  );
}
