/** Where panes stand, and how their sizes (of each its share of the whole room, in percent) become rows and columns. */
import type { LayoutType } from "./types";

/** Ids row by row: one row, one column, or a grid as square as it goes, its last row wider where panes lack. */
export function rowsOf(type: LayoutType, ids: readonly string[]): string[][] {
  const across = type === "horizontal" ? ids.length : type === "vertical" ? 1 : Math.ceil(Math.sqrt(ids.length));
  const rows: string[][] = [];
  for (let at = 0; at < ids.length; at += across) rows.push(ids.slice(at, at + across));
  return rows;
}

export interface Shares {
  /** Heights of the rows, in percent of the room. */
  rows: number[];
  /** Of each row the widths of its panes, in percent of the row. */
  columns: number[][];
}

/** Percentages that add up to 100; equal ones where nothing sensible is given. */
function normal(values: readonly number[]): number[] {
  const sound = values.map((value) => (Number.isFinite(value) && value >= 0 ? value : 0));
  const sum = sound.reduce((all, value) => all + value, 0);
  return sum > 0 ? sound.map((value) => (value / sum) * 100) : values.map(() => 100 / values.length);
}

/** What the kept sizes say. A pane without one gets its even share; none at all, or nonsense, is an even division. */
export function sharesOf(rows: readonly (readonly string[])[], sizes: Readonly<Record<string, number>>): Shares {
  const even = (row: readonly string[]) => 100 / rows.length / row.length;
  const areas = rows.map((row) => row.map((id) => sizes[id] ?? even(row)));
  return { rows: normal(areas.map((row) => row.reduce((all, value) => all + value, 0))), columns: areas.map(normal) };
}

/** The kept sizes of what is shown: the inverse of `sharesOf`. */
export function sizesOf(rows: readonly (readonly string[])[], shares: Shares): Record<string, number> {
  const sizes: Record<string, number> = {};
  rows.forEach((row, r) =>
    row.forEach((id, c) => {
      sizes[id] = Math.round((shares.rows[r] ?? 0) * (shares.columns[r]?.[c] ?? 0) * 10) / 1000;
    }),
  );
  return sizes;
}

/** Whether two divisions are the same to the eye: a twentieth of a percent is below a pixel. */
export const alike = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((value, at) => Math.abs(value - (b[at] ?? 0)) < 0.05);
