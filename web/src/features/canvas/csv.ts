/**
 * Tables as CSV text (RFC 4180), read with the place of each cell, so that an edit of one cell is an edit of those
 * letters alone: what somebody else writes in another cell meanwhile stays.
 */

export interface Cell {
  value: string;
  /** Where it stands in the text, quotes included. */
  from: number;
  to: number;
}

/** An exchange of the letters from `from` to `to`. */
export interface Edit {
  from: number;
  to: number;
  insert: string;
}

/** Rows of cells. An empty text is no rows; a line end at the end of the text begins no further row. */
export function readCsv(text: string): Cell[][] {
  const rows: Cell[][] = [];
  if (text === "") return rows;
  let row: Cell[] = [];
  let at = 0;
  for (;;) {
    const from = at;
    let value = "";
    if (text[at] === '"') {
      at += 1;
      for (;;) {
        const quote = text.indexOf('"', at);
        if (quote < 0) {
          value += text.slice(at);
          at = text.length;
          break;
        }
        value += text.slice(at, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        value += '"';
        at += 1;
      }
    }
    // What follows a closing quote belongs to the cell too: it is wrong, but it is there.
    const rest = /^[^,\r\n]*/.exec(text.slice(at))?.[0] ?? "";
    value += rest;
    at += rest.length;
    row.push({ value, from, to: at });
    if (text[at] === ",") {
      at += 1;
      continue;
    }
    rows.push(row);
    row = [];
    if (at >= text.length) return rows;
    at += text.startsWith("\r\n", at) ? 2 : 1;
    if (at >= text.length) return rows;
  }
}

export const writeCell = (value: string): string => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
const writeRow = (values: readonly string[]): string => values.map(writeCell).join(",");
export const writeCsv = (rows: readonly (readonly string[])[]): string => rows.map((row) => `${writeRow(row)}\n`).join("");

export const widthOf = (rows: readonly Cell[][]): number => rows.reduce((most, row) => Math.max(most, row.length), 0);

const endOf = (row: readonly Cell[]): number => row.at(-1)?.to ?? 0;
const startOf = (row: readonly Cell[]): number => row[0]?.from ?? 0;

/** The edit that makes a cell say `value`; a row that is too short is filled up to it. */
export function setCell(text: string, row: number, column: number, value: string): Edit[] {
  const rows = readCsv(text);
  const cells = rows[row];
  if (!cells) return [{ from: text.length, to: text.length, insert: `${text === "" || text.endsWith("\n") ? "" : "\n"}${"\n".repeat(Math.max(0, row - rows.length))}${",".repeat(column)}${writeCell(value)}\n` }];
  const cell = cells[column];
  if (!cell) return [{ from: endOf(cells), to: endOf(cells), insert: ",".repeat(column - cells.length + 1) + writeCell(value) }];
  return cell.value === value ? [] : [{ from: cell.from, to: cell.to, insert: writeCell(value) }];
}

/** A new empty row before that one; behind the last where there is none of that number. */
export function addRow(text: string, before: number): Edit[] {
  const rows = readCsv(text);
  const empty = `${",".repeat(Math.max(0, widthOf(rows) - 1))}\n`;
  const next = rows[before];
  if (next) return [{ from: startOf(next), to: startOf(next), insert: empty }];
  return [{ from: text.length, to: text.length, insert: (text === "" || text.endsWith("\n") ? "" : "\n") + empty }];
}

export function removeRow(text: string, row: number): Edit[] {
  const rows = readCsv(text);
  const cells = rows[row];
  if (!cells) return [];
  const next = rows[row + 1];
  // The last row takes the line end before it along, unless it has its own.
  if (next) return [{ from: startOf(cells), to: startOf(next), insert: "" }];
  const own = endOf(cells) < text.length;
  return [{ from: own || row === 0 ? startOf(cells) : endOf(rows[row - 1] as Cell[]), to: text.length, insert: "" }];
}

/** A new empty column before that one, as edits from the end of the text to its beginning. */
export function addColumn(text: string, before: number): Edit[] {
  return readCsv(text)
    .map((cells): Edit => {
      const next = cells[before];
      if (next) return { from: next.from, to: next.from, insert: "," };
      return { from: endOf(cells), to: endOf(cells), insert: ",".repeat(before - cells.length + 1) };
    })
    .reverse();
}

export function removeColumn(text: string, column: number): Edit[] {
  return readCsv(text)
    .flatMap((cells): Edit[] => {
      const cell = cells[column];
      if (!cell) return [];
      const next = cells[column + 1];
      if (next) return [{ from: cell.from, to: next.from, insert: "" }];
      const previous = cells[column - 1];
      return [{ from: previous ? previous.to : cell.from, to: cell.to, insert: "" }];
    })
    .reverse();
}

/** What a spreadsheet puts on the clipboard: cells by tabs, rows by lines, quotes around what holds either. */
export function readClipboard(pasted: string): string[][] {
  const rows: string[][] = [[]];
  let at = 0;
  const text = pasted.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  while (at <= text.length) {
    let value: string;
    const quoted = /^"((?:[^"]|"")*)"(?=[\t\n]|$)/.exec(text.slice(at));
    if (quoted) {
      value = (quoted[1] as string).replaceAll('""', '"');
      at += quoted[0].length;
    } else {
      value = /^[^\t\n]*/.exec(text.slice(at))?.[0] ?? "";
      at += value.length;
    }
    (rows.at(-1) as string[]).push(value);
    if (at >= text.length) break;
    if (text[at] === "\n") rows.push([]);
    at += 1;
  }
  return rows;
}

/** Edits one after the other on a text: for tests, and to say what it will be. */
export const edited = (text: string, edits: readonly Edit[]): string =>
  edits.reduce((now, { from, to, insert }) => now.slice(0, from) + insert + now.slice(to), text);

/** The edits that put a block of cells there, its upper left at `row`, `column`; in order, each on the text after the ones before. */
export function pasteCells(text: string, row: number, column: number, block: readonly (readonly string[])[]): Edit[] {
  const all: Edit[] = [];
  let now = text;
  block.forEach((values, down) => {
    values.forEach((value, right) => {
      const edits = setCell(now, row + down, column + right, value);
      now = edited(now, edits);
      all.push(...edits);
    });
  });
  return all;
}
