/** Colours for code, a chunk of its own that loads with the first block. */
import { common, createLowlight } from "lowlight";
import { createElement, type ReactNode } from "react";

const lowlight = createLowlight(common);
lowlight.registerAlias({ bash: ["console", "shell-session", "zsh"], javascript: ["jsx", "mjs"], typescript: ["tsx"], xml: ["vue", "svelte"], ini: ["env"] });

type Tree = ReturnType<typeof lowlight.highlight>;
type Child = Tree["children"][number];

function render(children: readonly Child[]): ReactNode[] {
  return children.map((child, key) => {
    if (child.type === "text") return child.value;
    if (child.type !== "element") return null;
    const names = child.properties.className;
    return createElement(
      child.tagName,
      { key, className: Array.isArray(names) ? names.join(" ") : undefined },
      ...render(child.children as Child[]),
    );
  });
}

/** `source` in spans by the language's grammar; the source itself when the language is not known. */
export function highlight(source: string, language: string): ReactNode {
  const name = language.toLowerCase();
  return lowlight.registered(name) ? render(lowlight.highlight(name, source).children) : source;
}
