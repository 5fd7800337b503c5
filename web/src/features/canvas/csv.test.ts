import { describe, expect, test } from "vitest";
import { addColumn, addRow, edited, pasteCells, readClipboard, readCsv, removeColumn, removeRow, setCell, writeCsv } from "./csv";

const values = (text: string) => readCsv(text).map((row) => row.map((cell) => cell.value));

describe("reading", () => {
  test("cells know where they stand, quotes included", () => {
    const text = 'a,"b ""c"", d"\r\n1,2\n';
    expect(values(text)).toEqual([
      ["a", 'b "c", d'],
      ["1", "2"],
    ]);
    for (const row of readCsv(text)) for (const cell of row) expect(text.slice(cell.from, cell.to)).toBe(cell.value.includes('"') ? '"b ""c"", d"' : cell.value);
  });

  test("line breaks inside quotes, empty cells, and a quote that never ends", () => {
    expect(values('"a\nb",,\nx')).toEqual([["a\nb", "", ""], ["x"]]);
    expect(values('"a')).toEqual([["a"]]);
    expect(values("")).toEqual([]);
    expect(values("a\n\nb\n")).toEqual([["a"], [""], ["b"]]);
  });

  test("what is written is read as it was", () => {
    const rows = [["a", 'say "hi"', "x,y"], ["", "two\nlines", " "]];
    expect(values(writeCsv(rows))).toEqual(rows);
  });
});

describe("editing", () => {
  const text = "name,age\nAda,36\nAlan,41\n";

  test("a cell's edit touches no other letter", () => {
    const edits = setCell(text, 1, 1, "37");
    expect(edits).toEqual([{ from: 13, to: 15, insert: "37" }]);
    expect(setCell(text, 1, 1, "36")).toEqual([]);
    expect(values(edited(text, setCell(text, 1, 0, "Ada, Countess")))[1]).toEqual(["Ada, Countess", "36"]);
  });

  test("cells that are not there yet are made", () => {
    expect(values(edited("a\n", setCell("a\n", 0, 2, "c")))).toEqual([["a", "", "c"]]);
    expect(values(edited("a", setCell("a", 1, 1, "d")))).toEqual([["a"], ["", "d"]]);
    expect(values(edited("", setCell("", 0, 0, "x")))).toEqual([["x"]]);
  });

  test("rows", () => {
    expect(values(edited(text, addRow(text, 1)))).toEqual([["name", "age"], ["", ""], ["Ada", "36"], ["Alan", "41"]]);
    expect(values(edited("a,b", addRow("a,b", 9)))).toEqual([["a", "b"], ["", ""]]);
    expect(values(edited(text, removeRow(text, 2)))).toEqual([["name", "age"], ["Ada", "36"]]);
    expect(edited("a\nb", removeRow("a\nb", 1))).toBe("a");
    expect(edited("a", removeRow("a", 0))).toBe("");
  });

  test("columns, in ragged tables too", () => {
    expect(values(edited(text, addColumn(text, 1)))).toEqual([["name", "", "age"], ["Ada", "", "36"], ["Alan", "", "41"]]);
    expect(values(edited(text, addColumn(text, 2)))[0]).toEqual(["name", "age", ""]);
    expect(values(edited(text, removeColumn(text, 0)))).toEqual([["age"], ["36"], ["41"]]);
    expect(values(edited("a,b\nc\n", removeColumn("a,b\nc\n", 1)))).toEqual([["a"], ["c"]]);
  });

  test("a block from a spreadsheet", () => {
    const block = readClipboard('1\t"two\nlines"\r\n3\t"say ""x"""\r\n');
    expect(block).toEqual([["1", "two\nlines"], ["3", 'say "x"']]);
    expect(values(edited(text, pasteCells(text, 2, 1, block)))).toEqual([["name", "age"], ["Ada", "36"], ["Alan", "1", "two\nlines"], ["", "3", 'say "x"']]);
  });
});
