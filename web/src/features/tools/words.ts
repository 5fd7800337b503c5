import type { ToolInfo } from "@/lib/api/types";

type Type = ToolInfo["type"];

/** The groups of the page, in their order. */
export const groups: [string, Type[], string][] = [
  ["Computing", ["compute"], "Worked out here, the same each time."],
  ["Knowledge", ["retrieval", "sql"], "What the person and their workspace know; each sees their own."],
  ["Web", ["http", "search"], "Reaches out, to where admins allow it."],
  ["Your own", ["webhook"], "Addresses of yours that are called."],
  ["MCP servers", ["mcp"], "What the servers of this workspace offer."],
];

/** What a person reads in place of sql_query. */
export const titleOf = (name: string): string => {
  const words = name.replaceAll("_", " ").replace(/\b(sql|http|url)\b/g, (word) => word.toUpperCase());
  return words.charAt(0).toUpperCase() + words.slice(1);
};

export const milliseconds = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

/** Where a citation leads outside of this page, if anywhere. */
export const linkOf = (source: string): string | null => (/^https?:\/\//.test(source) ? source : null);
