/** The ways in which models write formulas, made the one that remark-math reads: `$$…$$`. */

// In order: code and what is math already, which stay; \[…\]; \(…\); and $…$ by Pandoc's rule, so that "$5 and $10" is money.
const formulas = /(```[\s\S]*?(?:```|$)|~~~[\s\S]*?(?:~~~|$)|(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\2(?!`)|\$\$[\s\S]*?(?:\$\$|$))|\\\[([\s\S]+?)\\\]|\\\(([^\n]+?)\\\)|(?<![\\$])\$(?![\s$])([^$\n]*?[^\s\\$])\$(?![\d$])/g;

export function withTex(text: string): string {
  if (!/[$\\]/.test(text)) return text;
  return text.replace(formulas, (whole: string, kept: string | undefined, _: string | undefined, display: string | undefined, inline: string | undefined, dollars: string | undefined, at: number) => {
    if (kept !== undefined) return whole;
    if (display !== undefined) {
      const own = (at === 0 || text[at - 1] === "\n") && (at + whole.length === text.length || text[at + whole.length] === "\n");
      return own ? `$$\n${display.trim()}\n$$` : `$$${display.trim().replace(/\s+/g, " ")}$$`;
    }
    return `$$${inline ?? dollars ?? ""}$$`;
  });
}
