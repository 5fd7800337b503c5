/** What is known, in plain words. */
import type { Memory, Pattern, Preference, WhyFound } from "@/lib/api/types";
import { formatDate } from "@/lib/format";
import type { Change, MemoryState } from "./types";

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

export const plural = (count: number, one: string, several = `${one}s`): string => `${count.toLocaleString("en-US")} ${count === 1 ? one : several}`;

/** "answer_language" -> "Answer language". */
export function named(key: string): string {
  const words = key.replace(/[_.:/-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value of any shape, as a person would write it. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(shown).join(", ");
  if (typeof value === "object") {
    const fields = Object.entries(value);
    const [only] = fields;
    return fields.length === 1 && only?.[0] === "value" ? shown(only[1]) : fields.map(([name, field]) => `${named(name)}: ${shown(field)}`).join(", ");
  }
  return String(value as string | number);
}

/** What a person wrote, in the shape of the value before: a number stays a number, a list a list. */
export function valueOf(text: string, before: unknown): unknown {
  const words = text.trim();
  if (typeof before === "number" && words !== "" && Number.isFinite(Number(words))) return Number(words);
  if (typeof before === "boolean" && /^(yes|no|true|false)$/i.test(words)) return /^(yes|true)$/i.test(words);
  if (Array.isArray(before)) return words.split(",").map((one) => one.trim()).filter(Boolean);
  if (typeof before === "object" && before !== null && "value" in before) return { ...before, value: valueOf(words, before.value) };
  return words;
}

export const states: Record<MemoryState, { name: string; tone: "neutral" | "good" | "warn" }> = {
  current: { name: "Holds now", tone: "good" },
  superseded: { name: "No longer so", tone: "neutral" },
  needs_review: { name: "Needs your word", tone: "warn" },
  expired: { name: "Run out", tone: "neutral" },
};

/** The kinds that the page offers; others are shown as they are named. */
export const memoryTypes = ["fact", "preference", "event", "instruction", "person", "project"] as const;

const reasons: Record<WhyFound["kind"], string> = {
  words: "the same words",
  meaning: "a like meaning",
  nearby: "what was said around it",
  speaker: "who said it",
  time: "when it was",
  fact: "a fact drawn from it",
  alias: "another name of it",
  pinned: "you pinned it",
  related: "it belongs to another that was found",
};

/** Of these the detail says nothing more. */
const plain: ReadonlySet<string> = new Set(["nearby", "pinned"]);

/** Why something was found: "the same words (tea, green)". */
export function reason({ kind, detail }: WhyFound): string {
  if (!detail || plain.has(kind)) return reasons[kind];
  return `${reasons[kind]} (${kind === "meaning" && Number(detail) >= 0 ? `${percent(Number(detail))} alike` : detail})`;
}

/** Where a memory is from, in a few words. */
export function origin(memory: Memory): string {
  const when = memory.said_at ?? memory.created_at;
  if (memory.learned) return `Learned from what ${memory.speaker && memory.speaker !== "user" ? memory.speaker : "you"} said, ${formatDate(when)}`;
  if (memory.source === "import") return `Imported, ${formatDate(when)}`;
  if (memory.source === "mcp") return `Added by a program, ${formatDate(when)}`;
  return memory.speaker ? `Said by ${memory.speaker}, ${formatDate(when)}` : `Added by hand, ${formatDate(when)}`;
}

/** How sure a share of 0 to 1 is. */
export function howSure(confidence: number): string {
  if (confidence >= 0.9) return "Very sure";
  if (confidence >= 0.75) return "Quite sure";
  if (confidence >= 0.6) return "Fairly sure";
  if (confidence >= 0.4) return "Unsure";
  return "Doubtful";
}

/** What must be so before a preference is used, as the engine has it: its lower bound. */
const ENOUGH = 0.6;

/** Whether a preference shapes answers, and why or why not. */
export function useOf(preference: Preference): string {
  if (preference.applied && preference.confirmed && !preference.locked) return "Used in answers: you confirmed it.";
  if (preference.applied) return preference.locked ? "Used in answers: you said so." : `Used in answers: ${plural(preference.evidence, "sign")} for it, and even a cautious guess is above ${percent(ENOUGH)}.`;
  if (preference.locked) return "Not used: recall is paused.";
  if (preference.low < ENOUGH) return `Not used yet: a cautious guess says ${percent(preference.low)}, and ${percent(ENOUGH)} are needed. Confirm it, and it counts at once.`;
  return "Not used: recall is paused.";
}

const kinds: Record<string, string> = {
  user_edit: "You set it",
  explicit: "You said it",
  accepted: "You liked an answer that used it",
  rejected: "You rejected it",
  behaviour: "You did it",
  inference: "Guessed from what you wrote",
};

export const evidenceKind = (kind: string): string => kinds[kind] ?? named(kind);

const languages = new Intl.DisplayNames("en", { type: "language" });

function language(code: string): string {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
}

const MONDAY = Date.UTC(2024, 0, 1);

/** "57" (hours since the midnight that Monday begins with, UTC) -> "on Wednesdays around 10:00", where the person is. */
function weekHour(key: string, timeZone?: string): string {
  const at = new Date(MONDAY + Number(key) * 3_600_000);
  if (Number.isNaN(at.getTime())) return `at ${key}`;
  const zone = timeZone ? { timeZone } : {};
  const day = at.toLocaleDateString("en-US", { weekday: "long", ...zone });
  return `on ${day}s around ${at.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...zone })}`;
}

/** A pattern as a sentence, without its counts. `timeZone`: else the browser's. */
export function patternSentence({ pattern_type, pattern_key }: Pick<Pattern, "pattern_type" | "pattern_key">, timeZone?: string): string {
  const what = named(pattern_key).toLowerCase();
  switch (pattern_type) {
    case "hour_of_week":
      return `You often write ${weekHour(pattern_key, timeZone)}.`;
    case "task_type":
      return `You often ask for ${what}.`;
    case "tool":
      return `You often use the tool ${what}.`;
    case "model":
      return `You often ask ${pattern_key}.`;
    case "length":
      return `Your questions are mostly ${what}.`;
    case "language":
      return `You mostly write in ${language(pattern_key)}.`;
  }
}

/** "12 of 40 times (30 %), 2.1 times as often as by chance". */
export function patternCounts({ pattern_data: data }: Pattern): string {
  const parts = [`${data.count.toLocaleString("en-US")} of ${plural(data.total, "time")} (${percent(data.share)})`];
  if (data.lift > 1) parts.push(`${data.lift.toFixed(1)} times as often as by chance`);
  return parts.join(", ");
}

const happenings: Record<string, string> = {
  added: "Remembered",
  changed: "Changed",
  superseded: "Replaced by something newer",
  merged: "Merged",
  restored: "Restored",
  confirmed: "Confirmed",
  forgotten: "Forgotten",
  expired: "Run out",
  learned: "Learned",
  raised: "Became surer",
  lowered: "Became less sure",
  edited: "Corrected by you",
  rejected: "Rejected by you",
};

export const happening = (what: string): string => happenings[what] ?? named(what);

/** What was before or after a change: the words of a memory, or a preference's value and how sure it was. */
export function shownChange(state: Change["before"]): string {
  if (state === null || state === undefined) return "";
  return typeof state === "string" ? state : `${shown(state.value)} (${percent(state.confidence)})`;
}

/** Changes of several sources in one line of time, the newest first. Of a source that goes on (`more`), the end is not
 * known yet: what is older than it is left out, so that nothing is put between what is shown already. */
export function woven(lists: Change[][], more: boolean[]): Change[] {
  const known = lists.map((list, at) => (more[at] ? (list.at(-1)?.at ?? "") : ""));
  const since = Math.max(...known.map((at) => (at ? Date.parse(at) : 0)));
  return lists
    .flat()
    .filter((change) => Date.parse(change.at) >= since)
    .sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
}

interface TextPart {
  type: string;
  text?: string;
}

/** The words of a message that a memory came from; all of a short message where the span is not known. */
export function quoted(content: readonly TextPart[] | undefined, span: { start: number; end: number } | null): string {
  const text = (content ?? []).map((part) => (part.type === "text" ? (part.text ?? "") : "")).join("");
  // The server counts characters, JavaScript halves of those beyond the first plane.
  const letters = [...text];
  return span ? letters.slice(span.start, span.end).join("") : letters.length <= 400 ? text : `${letters.slice(0, 400).join("")}…`;
}

const slotOf = ({ slot }: Memory): string => (slot ? [slot.subject, slot.attribute, slot.qualifier ?? ""].join("\n").toLowerCase() : "");

/** Which of those that are like it a memory may contradict: the one about the same thing, else the likest that holds. */
export function rivalOf(memory: Memory, like: readonly Memory[]): Memory | undefined {
  const others = like.filter((one) => one.id !== memory.id && one.state === "current");
  const slot = slotOf(memory);
  return (slot && others.find((one) => slotOf(one) === slot)) || others[0];
}
