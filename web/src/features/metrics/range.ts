/** Times to look at, by a name that the address holds. */
export const ranges = {
  "24h": { name: "24 hours", hours: 24 },
  "7d": { name: "7 days", hours: 7 * 24 },
  "30d": { name: "30 days", hours: 30 * 24 },
  "90d": { name: "90 days", hours: 90 * 24 },
  "12m": { name: "12 months", hours: 365 * 24 },
} as const;

export type Range = keyof typeof ranges;

export const isRange = (name: string | null): name is Range => name !== null && name in ranges;

/** A start in ISO 8601, of a time that ends now. */
export const startOf = (range: Range, now = Date.now()): string => new Date(now - ranges[range].hours * 3_600_000).toISOString();

/** How a figure stands to the one before, in words; null where there was none. */
export function change(now: number, before: number): { text: string; up: boolean } | null {
  if (!Number.isFinite(now) || !Number.isFinite(before) || before === 0 || now === before) return null;
  const part = (now - before) / before;
  const percent = Math.abs(part) * 100;
  return { text: percent >= 1000 ? `${Math.round(now / before)} times` : `${percent < 10 ? percent.toFixed(1) : Math.round(percent)}%`, up: part > 0 };
}
