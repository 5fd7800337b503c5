/** How errors are worded, and the shapes inside an error's context. */
import type { ErrorGroup, ErrorLog } from "@/lib/api/types";

export interface Frame {
  function?: string;
  module?: string;
  file?: string;
  number?: number | null;
  in_app?: boolean;
  line?: string;
  before?: string[];
  after?: string[];
  variables?: Record<string, string>;
}

export interface Raised {
  type: string;
  message?: string;
  handled?: boolean;
  frames?: Frame[];
}

export interface Crumb {
  at?: number | null;
  category?: string;
  level?: string;
  message?: string;
  data?: Record<string, string>;
}

export interface Context {
  chain?: Raised[];
  crumbs?: Crumb[];
  tags?: Record<string, string>;
  request?: Record<string, string>;
  contexts?: Record<string, Record<string, string>>;
  sdk?: string;
}

export const contextOf = (log: ErrorLog): Context => log.context as Context;

type Tone = "neutral" | "good" | "warn" | "danger" | "accent";

export const severityTones: Record<ErrorGroup["severity"], Tone> = { critical: "danger", error: "danger", warning: "warn", info: "neutral", debug: "neutral" };
export const statusTones: Record<ErrorGroup["status"], Tone> = { open: "neutral", regressed: "warn", resolved: "good", ignored: "neutral" };

/** What stands as the title: the type, and the template without it. */
export function titleOf(group: Pick<ErrorGroup, "error_type" | "message_pattern" | "pattern_name">): { type: string; words: string } {
  return { type: group.error_type, words: group.message_pattern || group.pattern_name };
}

/** Where a frame is, as one line. */
export function placeOf(frame: Frame): string {
  const file = frame.file || frame.module || "?";
  return frame.number ? `${file}:${frame.number}` : file;
}

/** Lines of a frame's source with their numbers; the one it is about is marked. */
export function sourceOf(frame: Frame): { number: number | null; text: string; here: boolean }[] {
  if (!frame.line) return [];
  const before = frame.before ?? [];
  const first = frame.number ? frame.number - before.length : null;
  return [...before, frame.line, ...(frame.after ?? [])].map((text, at) => ({ number: first === null ? null : first + at, text, here: at === before.length }));
}

/** "3 errors", "1 person". */
export const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;

/** Points of a curve in a box of that size, the highest at the top. */
export function pointsOf(curve: readonly number[], width: number, height: number): { x: number; y: number; width: number; height: number }[] {
  const most = Math.max(1, ...curve);
  const step = width / Math.max(1, curve.length);
  return curve.map((value, at) => {
    const tall = value === 0 ? 1 : Math.max(2, (value / most) * height);
    return { x: at * step, y: height - tall, width: Math.max(1, step - 1), height: tall };
  });
}
