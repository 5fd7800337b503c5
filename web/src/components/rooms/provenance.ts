/** Where words come from: the sources that a text's spans name (`src`), and what is known of each. */
import type * as Y from "yjs";
import { formatDateTime, formatMoney } from "@/lib/format";

/** What is known of a source; absent where unknown. */
export interface Source {
  kind?: "chat" | "pane" | "merge" | "reasoning" | "model" | "person";
  run_id?: string;
  message_id?: string;
  session_id?: string;
  model?: string;
  provider?: string;
  prompt_hash?: string;
  prompt?: string;
  strategy?: string;
  cost_nano?: number;
  decision_id?: string;
  by?: string;
  at?: string;
}

export interface Span {
  from: number;
  to: number;
  src: string;
}

/** The parts of a text that name a source, neighbours with the same one as one. */
export function spansOf(text: Y.Text): Span[] {
  const spans: Span[] = [];
  let at = 0;
  for (const part of text.toDelta() as { insert: unknown; attributes?: { src?: unknown } }[]) {
    const length = typeof part.insert === "string" ? part.insert.length : 1;
    const src = part.attributes?.src;
    const last = spans.at(-1);
    if (typeof src === "string") {
      if (last && last.src === src && last.to === at) last.to += length;
      else spans.push({ from: at, to: at + length, src });
    }
    at += length;
  }
  return spans;
}

const kinds = { chat: "chat", pane: "pane", merge: "merged", reasoning: "Think Tank", model: "asked here", person: "written by hand" } as const;

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value.slice(0, 2000) : undefined);

/** A source as a client wrote it into the document, with whatever has not the right type left out. */
export function sourceOf(raw: unknown): Source | null {
  if (typeof raw !== "object" || raw === null) return null;
  const given = raw as Record<string, unknown>;
  const source: Source = {};
  for (const name of ["run_id", "message_id", "session_id", "model", "provider", "prompt_hash", "prompt", "strategy", "decision_id", "by", "at"] as const) {
    const value = text(given[name]);
    if (value !== undefined) source[name] = value;
  }
  if (typeof given.kind === "string" && given.kind in kinds) source.kind = given.kind as Source["kind"];
  if (typeof given.cost_nano === "number" && Number.isFinite(given.cost_nano)) source.cost_nano = given.cost_nano;
  return source;
}

const when = (at: string | undefined): string | undefined => (at && !Number.isNaN(Date.parse(at)) ? formatDateTime(at) : undefined);

/** "gpt-4o · merged · $0.0012", for one line. */
export function brief(source: Source): string {
  const parts = [source.model, source.kind && kinds[source.kind], source.strategy, source.cost_nano === undefined ? undefined : formatMoney(source.cost_nano / 1e9)];
  return parts.filter(Boolean).join(" · ") || "a source that is not known here";
}

/** All that is known, by name. */
export function facts(source: Source): [string, string][] {
  const rows: [string, string | undefined][] = [
    ["Model", [source.model, source.provider].filter(Boolean).join(", ")],
    ["From", source.kind && kinds[source.kind]],
    ["Strategy", source.strategy],
    ["Cost", source.cost_nano === undefined ? undefined : formatMoney(source.cost_nano / 1e9)],
    ["When", when(source.at)],
    ["Asked", source.prompt],
  ];
  return rows.filter((row): row is [string, string] => Boolean(row[1]));
}
