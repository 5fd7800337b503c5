/** "[3]" and "[1, 2]" in running text become links to the sources of an answer; in code, links and formulas they stay. */
import { createContext } from "react";

/** The sources of the answer that is read: how many, and what opens one. */
export const SourcesContext = createContext<{ count: number; open: (n: number) => void } | null>(null);

interface Node {
  type: string;
  value?: string;
  url?: string;
  label?: string | null;
  children?: Node[];
}

const HREF = "#source-";
const cite = /\[(\d{1,2}(?:, ?\d{1,2})*)\]/g;

const linkTo = (n: number): Node => ({ type: "link", url: `${HREF}${n}`, children: [{ type: "text", value: `[${n}]` }] });

/** Which source a link leads to; null where it leads elsewhere. */
export const sourceOf = (href: unknown): number | null => (typeof href === "string" && href.startsWith(HREF) ? Number(href.slice(HREF.length)) : null);

function split(text: string, count: number): Node[] {
  const nodes: Node[] = [];
  let from = 0;
  for (const found of text.matchAll(cite)) {
    const numbers = (found[1] ?? "").split(",").map(Number);
    if (!numbers.every((n) => n >= 1 && n <= count)) continue;
    if (found.index > from) nodes.push({ type: "text", value: text.slice(from, found.index) });
    nodes.push(...numbers.map(linkTo));
    from = found.index + found[0].length;
  }
  return from === 0 ? [] : [...nodes, ...(from < text.length ? [{ type: "text", value: text.slice(from) }] : [])];
}

function walk(node: Node, count: number): void {
  if (!node.children || node.type === "link") return;
  node.children = node.children.flatMap((child) => {
    if (child.type === "text") {
      const parts = split(child.value ?? "", count);
      return parts.length ? parts : [child];
    }
    // "[1]: https://…" in the answer makes of each [1] a link to what the model says; here it is the source.
    if (child.type === "linkReference" && /^\d{1,2}$/.test(child.label ?? "") && Number(child.label) >= 1 && Number(child.label) <= count) return [linkTo(Number(child.label))];
    walk(child, count);
    return [child];
  });
}

/** A remark plugin for an answer of so many sources. */
export const remarkCites = (count: number) => (tree: Node) => walk(tree, count);
