/** Documents in plain words. */
import { sentence } from "@/lib/api/client";
import type { FoundPassage, KnownDocument } from "@/lib/api/types";

export const plural = (count: number, one: string, several = `${one}s`): string => `${count.toLocaleString("en-US")} ${count === 1 ? one : several}`;

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

type State = KnownDocument["state"];

export const states: Record<State, { name: string; tone: "neutral" | "good" | "warn" | "danger" | "accent" }> = {
  waiting: { name: "Waiting", tone: "neutral" },
  reading: { name: "Being read", tone: "accent" },
  embedding: { name: "Being indexed", tone: "accent" },
  ready: { name: "Ready", tone: "good" },
  failed: { name: "Failed", tone: "danger" },
};

export const underWay = (state: State): boolean => state === "waiting" || state === "reading" || state === "embedding";

/** What a document is doing, in a few words; nothing where it is ready. */
export function doing({ state, progress, embedded, passages }: Pick<KnownDocument, "state" | "progress" | "embedded" | "passages">): string {
  switch (state) {
    case "waiting":
      return "Waits for its turn";
    case "reading":
      return `Being read, ${percent(progress)}`;
    case "embedding":
      return `Found by its words already; by meaning: ${embedded.toLocaleString("en-US")} of ${plural(passages, "passage")}`;
    case "ready":
    case "failed":
      return "";
  }
}

const failures: Record<string, string> = {
  "broken-document": "It is damaged, or not what its name says. Open it in the program that made it, save it anew and add it again.",
  "empty-document": "No text was found in it. If its pages are pictures, add it with a text layer, or add the text itself.",
  "unsupported-document": "Files of its kind cannot be read. Save it as PDF, DOCX, HTML, Markdown, CSV or plain text and add that.",
};

/** Why a document failed and what to do about it. */
export function failure({ type, title, detail }: NonNullable<KnownDocument["problem"]>): string {
  const said = failures[type.split(/[/:#]/).pop() ?? ""] ?? sentence(detail || title);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}

const reasons: Record<FoundPassage["why"][number]["kind"], string> = {
  words: "the same words",
  meaning: "a like meaning",
  nearby: "what stands around it",
  heading: "its heading or title",
};

/** Why a passage was found: "the same words (invoice, due)". */
export function reason({ kind, detail }: FoundPassage["why"][number]): string {
  if (!detail || kind === "nearby") return reasons[kind];
  return `${reasons[kind]} (${kind === "meaning" && Number(detail) >= 0 ? `${percent(Number(detail))} alike` : detail})`;
}

const kinds: [RegExp, string][] = [
  [/pdf$/, "PDF"],
  [/wordprocessingml|msword/, "Word"],
  [/spreadsheetml|ms-excel/, "Spreadsheet"],
  [/presentationml|powerpoint/, "Slides"],
  [/html/, "Web page"],
  [/markdown/, "Markdown"],
  [/csv/, "CSV"],
  [/^image\//, "Picture"],
  [/json|xml|yaml|javascript|x-/, "Code"],
  [/^text\//, "Text"],
];

export const kindOf = (mediaType: string): string => kinds.find(([pattern]) => pattern.test(mediaType))?.[1] ?? "File";

const suffix = (name: string): string => /\.[^./\\]+$/.exec(name)?.[0].toLowerCase() ?? "";

/** Why a file cannot be the newer version of a document; null where it can. */
export function notNewer(document: Pick<KnownDocument, "name">, file: Pick<File, "name">): string | null {
  const [was, is] = [suffix(document.name), suffix(file.name)];
  return was === is ? null : `A newer version of ${document.name} is a file of the same kind${was ? ` (${was})` : ""}. Add ${file.name} as a document of its own.`;
}

/** "?at=120-180" -> characters [120, 180); null where it says no such thing. */
export function spanOf(at: string | null): { start: number; end: number } | null {
  const found = /^(\d{1,9})-(\d{1,9})$/.exec(at ?? "");
  if (!found) return null;
  const [start, end] = [Number(found[1]), Number(found[2])];
  return end > start ? { start, end } : null;
}

export const orders = { newest: "newest first", name: "by name", largest: "largest first", changed: "last changed" } as const;
export type Order = keyof typeof orders;

/** A fact that is kept with a document, as it is shown and written. */
export interface Property {
  name: string;
  value: string;
}

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export const propertiesOf = (metadata: Readonly<Record<string, unknown>>): Property[] => Object.entries(metadata).map(([name, value]) => ({ name, value: shown(value) }));

/** What is kept of rows that a person wrote; nothing of those without a name. What was not touched stays what it was, be it a text or not. */
export const written = (rows: readonly Property[], before: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(rows.filter(({ name }) => name.trim()).map(({ name, value }) => [name.trim(), name in before && shown(before[name]) === value ? before[name] : value]));
