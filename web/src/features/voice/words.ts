export interface TimedWord {
  word: string;
  start: number;
  end: number;
  shown?: string | null;
}

/** Which word is said at `seconds`, or was last; -1 before the first. Words are in the order of their times. */
export function wordAt(words: TimedWord[], seconds: number): number {
  let from = 0;
  let to = words.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((words[middle]?.start ?? 0) <= seconds) from = middle + 1;
    else to = middle;
  }
  return from - 1;
}

/** 1:05 */
export const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
