import { expect, test } from "vitest";
import type { Memory, Pattern, Preference } from "@/lib/api/types";
import type { Change } from "./types";
import { howSure, named, origin, patternCounts, patternSentence, quoted, reason, rivalOf, shown, useOf, valueOf, woven } from "./words";

const memory = (change: Partial<Memory> = {}): Memory => ({
  id: "1",
  store_id: "1",
  store_name: "default",
  content: "I drink tea.",
  memory_type: "fact",
  source: null,
  importance: 0.5,
  pinned: false,
  scope: [],
  aliases: [],
  speaker: null,
  said_at: null,
  happened_at: null,
  conversation: null,
  message_id: null,
  span: null,
  slot: null,
  confidence: 0.5,
  evidence: 1,
  learned: false,
  learned_from: [],
  metadata: {},
  last_accessed: null,
  state: "current",
  valid_from: "2026-03-01T10:00:00Z",
  valid_to: null,
  superseded_by: null,
  embedded: true,
  access_count: 0,
  expires_at: null,
  created_at: "2026-03-01T10:00:00Z",
  updated_at: "2026-03-01T10:00:00Z",
  ...change,
});

const preference = (change: Partial<Preference> = {}): Preference => ({
  id: "1",
  preference_key: "answer_length",
  preference_value: "short",
  confidence: 0.8,
  low: 0.65,
  interval: [0.6, 0.9],
  evidence: 3,
  applied: true,
  locked: false,
  confirmed: false,
  lasting: "preference",
  learned_from: [],
  created_at: "2026-03-01T10:00:00Z",
  updated_at: "2026-03-01T10:00:00Z",
  ...change,
});

test("keys and values of any shape are written as a person would", () => {
  expect(named("answer_language")).toBe("Answer language");
  expect(shown(["tea", "coffee"])).toBe("tea, coffee");
  expect(shown({ value: true })).toBe("yes");
  expect(shown({ unit_system: "metric", digits: 2 })).toBe("Unit system: metric, Digits: 2");
  expect(shown(null)).toBe("–");
});

test("a corrected value keeps the shape of the one before", () => {
  expect(valueOf(" 12 ", 3)).toBe(12);
  expect(valueOf("twelve", 3)).toBe("twelve");
  expect(valueOf("no", true)).toBe(false);
  expect(valueOf("tea, mate", ["coffee"])).toEqual(["tea", "mate"]);
  expect(valueOf("long", { value: "short", unit: "words" })).toEqual({ value: "long", unit: "words" });
  expect(valueOf("12", "eleven")).toBe("12");
});

test("reasons are told in plain words", () => {
  expect(reason({ kind: "words", detail: "tea, green" })).toBe("the same words (tea, green)");
  expect(reason({ kind: "pinned", detail: "" })).toBe("you pinned it");
  expect(reason({ kind: "nearby", detail: "what was said just before or after" })).toBe("what was said around it");
  expect(reason({ kind: "meaning", detail: "0.69" })).toBe("a like meaning (69 % alike)");
});

test("a memory tells where it is from", () => {
  expect(origin(memory())).toBe("Added by hand, Mar 1, 2026");
  expect(origin(memory({ learned: true }))).toBe("Learned from what you said, Mar 1, 2026");
  expect(origin(memory({ speaker: "Ada", said_at: "2025-12-24T10:00:00Z" }))).toBe("Said by Ada, Dec 24, 2025");
});

test("a preference says whether it is used and why not", () => {
  expect(useOf(preference())).toContain("3 signs");
  expect(useOf(preference({ locked: true }))).toBe("Used in answers: you said so.");
  expect(useOf(preference({ applied: false, low: 0.42 }))).toContain("42 %");
  expect(useOf(preference({ applied: false }))).toContain("paused");
  expect(howSure(0.95)).toBe("Very sure");
  expect(howSure(0.3)).toBe("Doubtful");
});

test("patterns are sentences with their counts", () => {
  const pattern = (pattern_type: Pattern["pattern_type"], pattern_key: string): Pattern => ({ id: "1", pattern_type, pattern_key, pattern_data: { count: 12, total: 40, share: 0.3, interval: [0.2, 0.4], lift: 2.14 }, occurrence_count: 12, last_occurred: "2026-03-01T10:00:00Z", shown: true });
  expect(patternSentence(pattern("language", "de"))).toBe("You mostly write in German.");
  expect(patternSentence(pattern("language", "not a code"))).toBe("You mostly write in not a code.");
  expect(patternSentence(pattern("hour_of_week", "9"), "UTC")).toBe("You often write on Mondays around 09:00.");
  expect(patternSentence(pattern("hour_of_week", "167"), "Europe/Berlin")).toBe("You often write on Mondays around 00:00.");
  expect(patternSentence(pattern("task_type", "code_review"))).toBe("You often ask for code review.");
  expect(patternCounts(pattern("language", "de"))).toBe("12 of 40 times (30 %), 2.1 times as often as by chance");
});

test("the quote is cut by characters, not by halves of them", () => {
  const content = [{ type: "text", text: "🙂 I prefer tea." }];
  expect(quoted(content, { start: 2, end: 14 })).toBe("I prefer tea");
  expect(quoted(content, null)).toBe("🙂 I prefer tea.");
  expect(quoted(undefined, null)).toBe("");
});

test("the rival of a memory is the one about the same thing", () => {
  const slot = { subject: "me", attribute: "drink", value: "coffee" };
  const known = [memory({ id: "2", content: "I drive." }), memory({ id: "3", slot: { ...slot, value: "tea" } }), memory({ id: "4", state: "superseded", slot })];
  expect(rivalOf(memory({ slot }), known)?.id).toBe("3");
  expect(rivalOf(memory(), known)?.id).toBe("2");
  expect(rivalOf(memory(), [memory()])).toBeUndefined();
});

test("two lines of time become one, and what is not known yet puts nothing in between", () => {
  const change = (at: string): Change => ({ at, what: "added", before: null, after: "I drink tea." });
  const one = [change("2026-03-04T00:00:00Z"), change("2026-03-02T00:00:00Z")];
  const other = [change("2026-03-03T00:00:00Z"), change("2026-03-01T00:00:00Z")];
  expect(woven([one, other], [false, false]).map((item) => item.at.slice(8, 10))).toEqual(["04", "03", "02", "01"]);
  expect(woven([one, other], [true, false]).map((item) => item.at.slice(8, 10))).toEqual(["04", "03", "02"]);
});
