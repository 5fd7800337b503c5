export interface Bar {
  key: string;
  name: string;
  /** Null: nothing is known. */
  value: number | null;
  low?: number | null;
  high?: number | null;
  /** The figure in words; what the bar shows is said here too. */
  text: string;
  detail?: string;
}

/** The best first; of what nothing is known last. */
export const ranked = (bars: readonly Bar[], best: "most" | "least"): Bar[] =>
  [...bars].sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    return best === "most" ? b.value - a.value : a.value - b.value;
  });
