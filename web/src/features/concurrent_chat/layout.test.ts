import { describe, expect, it } from "vitest";
import { alike, rowsOf, sharesOf, sizesOf } from "./layout";

const ids = (count: number) => Array.from({ length: count }, (_, at) => `p${at}`);

describe("the places of panes", () => {
  it("are one row, one column, or a grid as square as it goes", () => {
    expect(rowsOf("horizontal", ids(3))).toEqual([["p0", "p1", "p2"]]);
    expect(rowsOf("vertical", ids(2))).toEqual([["p0"], ["p1"]]);
    expect(rowsOf("grid", ids(5)).map((row) => row.length)).toEqual([3, 2]);
    for (let count = 1; count <= 16; count++) expect(rowsOf("grid", ids(count)).flat()).toEqual(ids(count));
  });
});

describe("the sizes of panes", () => {
  it("F19.6: no sizes, or nonsense, are an even division and never NaN", () => {
    for (const sizes of [{}, { p0: Number.NaN, p1: -3 }, { p0: 0, p1: 0, p2: 0, p3: 0 }] as Record<string, number>[])
      for (const type of ["horizontal", "vertical", "grid"] as const) {
        const rows = rowsOf(type, ids(4));
        const shares = sharesOf(rows, sizes);
        for (const group of [shares.rows, ...shares.columns]) {
          expect(group.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
          expect(group.reduce((all, value) => all + value, 0)).toBeCloseTo(100);
        }
      }
    expect(sharesOf(rowsOf("horizontal", ids(4)), {}).columns).toEqual([[25, 25, 25, 25]]);
  });

  it("come back as they were kept", () => {
    for (const type of ["horizontal", "vertical", "grid"] as const)
      for (let count = 1; count <= 16; count++) {
        const rows = rowsOf(type, ids(count));
        const given = { rows: rows.map((_, at) => at + 1), columns: rows.map((row) => row.map((_, at) => 2 * at + 1)) };
        const sound = sharesOf(rows, sizesOf(rows, sharesOf(rows, {})));
        expect(alike(sound.rows, sharesOf(rows, {}).rows)).toBe(true);
        const sum = given.rows.reduce((all, value) => all + value, 0);
        const percent = {
          rows: given.rows.map((value) => (value / sum) * 100),
          columns: given.columns.map((row) => row.map((value) => (value / row.reduce((all, each) => all + each, 0)) * 100)),
        };
        const back = sharesOf(rows, sizesOf(rows, percent));
        expect(alike(back.rows, percent.rows)).toBe(true);
        back.columns.forEach((row, at) => expect(alike(row, percent.columns[at] ?? [])).toBe(true));
      }
  });

  it("keep the others in proportion where a pane is new", () => {
    const shares = sharesOf([["p0", "p1", "new"]], { p0: 60, p1: 40 });
    expect(shares.columns[0]?.[2]).toBeCloseTo(25, 0);
    expect((shares.columns[0]?.[0] ?? 0) / (shares.columns[0]?.[1] ?? 1)).toBeCloseTo(1.5);
  });
});
