import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { type ExtraProps, useIsCodeFenceIncomplete } from "streamdown";
import { CopyButton } from "@/components/ui/parts";

export const Formula = lazy(() => import("./formula"));
const Diagram = lazy(() => import("./diagram"));

type Node = NonNullable<ExtraProps["node"]>;

function textOf(node: Node): string {
  return node.children
    .map((child) => (child.type === "text" ? child.value : child.type === "element" ? textOf(child) : ""))
    .join("");
}

function languageOf(code: Node | undefined): string {
  const names = code?.properties.className;
  const name = (Array.isArray(names) ? names : []).find((item) => String(item).startsWith("language-"));
  return name ? String(name).slice("language-".length) : "";
}

/** A fenced block: its language, a copy button, and colours once it is complete; or a formula, or a diagram. */
export function CodeBlock({ node }: ExtraProps & { children?: ReactNode }) {
  const incomplete = useIsCodeFenceIncomplete();
  const code = node?.children.find((child): child is Node => child.type === "element" && child.tagName === "code");
  const source = code ? textOf(code).replace(/\n$/, "") : node ? textOf(node) : "";
  const language = languageOf(code);
  const [coloured, setColoured] = useState<{ of: string; body: ReactNode } | null>(null);

  useEffect(() => {
    // Colouring a block anew for each token would cost more than all the rest.
    if (incomplete || !language || source.length > 60_000) return;
    let stale = false;
    void import("./highlight").then(({ highlight }) => {
      if (!stale) setColoured({ of: source, body: highlight(source, language) });
    });
    return () => {
      stale = true;
    };
  }, [incomplete, language, source]);

  if (language === "math")
    return (
      <Suspense fallback={<code>{source}</code>}>
        <Formula tex={source} display />
      </Suspense>
    );
  const block = (
    <figure className="overflow-hidden rounded-xl border bg-code">
      <figcaption className="flex h-9 items-center justify-between border-b pr-1 pl-3.5 text-xs text-ink-3">
        <span className="font-mono">{language || "text"}</span>
        <CopyButton text={source} label="Copy code" className="size-7" />
      </figcaption>
      <pre tabIndex={0} role="region" aria-label={language ? `Code, ${language}` : "Code"} className="code-body scroll overflow-x-auto px-3.5 py-3">
        <code>{coloured?.of === source ? coloured.body : source}</code>
      </pre>
    </figure>
  );
  if (language !== "mermaid" || incomplete) return block;
  return (
    <Suspense fallback={block}>
      <Diagram source={source}>{block}</Diagram>
    </Suspense>
  );
}
