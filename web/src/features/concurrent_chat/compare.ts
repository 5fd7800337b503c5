/** Two answers, sentence by sentence. Loaded when first asked for. */
import { diffArrays, diffWordsWithSpace } from "diff";

export interface Piece {
  text: string;
  changed: boolean;
}

/** A sentence of each side; null where the other side has none in its place. */
export interface Row {
  left: Piece[] | null;
  right: Piece[] | null;
}

const words = new Intl.Segmenter(undefined, { granularity: "sentence" });

/** Lines that only arrange others, and marks of emphasis: they say nothing. */
const arranging = /^[\s|:-]*$|^\s*(```|~~~)/;
const marks = /\*\*|__|^#+\s+/g;

/** Sentences without the white space around them and without marks; a line end ends a sentence too. */
export const sentencesOf = (text: string): string[] =>
  text
    .split(/\n+/)
    .filter((line) => !arranging.test(line))
    .map((line) => line.replace(marks, ""))
    .flatMap((line) => [...words.segment(line)].map((each) => each.segment.trim()))
    .filter(Boolean);

const same = (a: string, b: string): boolean => a.replace(/\s+/g, " ").toLowerCase() === b.replace(/\s+/g, " ").toLowerCase();

/** Above so many sentences the comparison would be slow, and nobody would read it. */
const MOST = 2000;

export function compare(left: string, right: string): Row[] {
  const rows: Row[] = [];
  let gone: string[] = [];
  let come: string[] = [];
  const settle = () => {
    for (let at = 0; at < Math.max(gone.length, come.length); at++) rows.push(pair(gone[at], come[at]));
    gone = [];
    come = [];
  };
  for (const part of diffArrays(sentencesOf(left).slice(0, MOST), sentencesOf(right).slice(0, MOST), { comparator: same })) {
    if (part.removed) gone.push(...part.value);
    else if (part.added) come.push(...part.value);
    else {
      settle();
      for (const text of part.value) rows.push({ left: [{ text, changed: false }], right: [{ text, changed: false }] });
    }
  }
  settle();
  return rows;
}

function pair(left: string | undefined, right: string | undefined): Row {
  if (left === undefined || right === undefined)
    return { left: left === undefined ? null : [{ text: left, changed: true }], right: right === undefined ? null : [{ text: right, changed: true }] };
  const parts = diffWordsWithSpace(left, right);
  const side = (not: "added" | "removed", own: "added" | "removed"): Piece[] =>
    parts.filter((part) => !part[not]).map((part) => ({ text: part.value, changed: Boolean(part[own]) }));
  return { left: side("added", "removed"), right: side("removed", "added") };
}

/** How many of the rows say the same, from 0 to 1. */
export const agreement = (rows: readonly Row[]): number => {
  const equal = rows.filter((row) => row.left?.every((piece) => !piece.changed) && row.right?.every((piece) => !piece.changed));
  return rows.length ? equal.length / rows.length : 1;
};
