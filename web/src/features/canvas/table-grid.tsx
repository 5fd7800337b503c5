import { Columns3, Minus, Plus, Rows3 } from "lucide-react";
import { type ClipboardEvent, type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type * as Y from "yjs";
import { Button } from "@/components/ui/button";
import { cn } from "@/lib/cn";
import { HERE } from "@/lib/rooms";
import { useWords } from "./context";
import { addColumn, addRow, type Edit, pasteCells, readClipboard, readCsv, removeColumn, removeRow, setCell, widthOf } from "./csv";

/** Applies edits one after the other, as one step of undo. */
export function apply(text: Y.Text, edits: readonly Edit[]): void {
  if (edits.length === 0) return;
  text.doc?.transact(() => {
    for (const { from, to, insert } of edits) {
      if (to > from) text.delete(from, to - from);
      if (insert) text.insert(from, insert, { src: null });
    }
  }, HERE);
}

interface Props {
  text: Y.Text;
  label: string;
  readOnly: boolean;
  /** Whether it has the keyboard, so that Enter on the artifact leads into it. */
  focused: boolean;
  onLeave: () => void;
}

const letters = (column: number): string => (column >= 26 ? letters(Math.floor(column / 26) - 1) : "") + String.fromCharCode(65 + (column % 26));

/** A grid over CSV text: arrows and Tab go about, Enter or typing edits, Escape gives up, a spreadsheet's cells can be pasted. */
export function TableGrid({ text, label, readOnly, focused, onLeave }: Props) {
  const words = useWords(text);
  const rows = useMemo(() => readCsv(words), [words]);
  const width = Math.max(1, widthOf(rows));
  const [[row, column], setAt] = useState<[number, number]>([0, 0]);
  const [draft, setDraft] = useState<string | null>(null);
  const grid = useRef<HTMLTableElement>(null);
  const numeric = useMemo(() => Array.from({ length: width }, (_, at) => rows.length > 1 && rows.slice(1).every((cells) => /^\s*-?[\d.,\s]*\d[\d.,\s]*[%€$]?\s*$/.test(cells[at]?.value || "0"))), [rows, width]);

  useEffect(() => {
    if (focused) grid.current?.querySelector<HTMLElement>("[data-cell][tabindex='0']")?.focus();
  }, [focused]);

  const focus = (down: number, right: number) => {
    const next: [number, number] = [Math.min(Math.max(0, down), Math.max(0, rows.length - 1)), Math.min(Math.max(0, right), width - 1)];
    setAt(next);
    requestAnimationFrame(() => grid.current?.querySelector<HTMLElement>(`[data-cell="${next[0]}/${next[1]}"]`)?.focus());
  };
  const keep = (value: string) => {
    setDraft(null);
    // Read anew: somebody may have moved the cells since they were drawn.
    apply(text, setCell(text.toString(), row, column, value));
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    if (event.nativeEvent.isComposing) return;
    const mod = event.ctrlKey || event.metaKey;
    if (draft !== null) {
      if (event.key === "Escape") {
        setDraft(null);
        focus(row, column);
      } else if (event.key === "Enter" && !event.altKey) {
        keep(draft);
        focus(row + (event.shiftKey ? -1 : 1), column);
      } else if (event.key === "Tab") {
        keep(draft);
        focus(row, column + (event.shiftKey ? -1 : 1));
      } else return void event.stopPropagation();
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (step && !mod) focus(row + (step[0] as number), column + (step[1] as number));
    else if (event.key === "Home") focus(mod ? 0 : row, 0);
    else if (event.key === "End") focus(mod ? rows.length : row, width);
    else if (event.key === "Tab") {
      // Beyond the last cell Tab leaves, so that the grid is no trap.
      const next = row * width + column + (event.shiftKey ? -1 : 1);
      if (next < 0 || next >= rows.length * width) return;
      focus(Math.floor(next / width), next % width);
    } else if (event.key === "Escape") onLeave();
    else if (readOnly) return;
    else if (event.key === "Enter" || event.key === "F2") setDraft(rows[row]?.[column]?.value ?? "");
    else if (event.key === "Delete" || event.key === "Backspace") apply(text, setCell(text.toString(), row, column, ""));
    else if (event.key.length === 1 && !mod && !event.altKey) setDraft(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const onPaste = (event: ClipboardEvent) => {
    if (readOnly || draft !== null) return;
    const pasted = event.clipboardData.getData("text/plain");
    if (!pasted) return;
    event.preventDefault();
    apply(text, pasteCells(text.toString(), row, column, readClipboard(pasted).slice(0, 2000)));
  };

  if (rows.length === 0)
    return (
      <div className="grid h-full place-content-center justify-items-center gap-2 p-4 text-[13px] text-ink-3">
        This table is empty.
        {!readOnly && (
          <Button size="sm" onClick={() => apply(text, [{ from: 0, to: text.length, insert: "Name,Value\n,\n" }])}>
            Begin with two columns
          </Button>
        )}
      </div>
    );
  return (
    <div className="flex h-full min-h-0 flex-col" onPaste={onPaste}>
      <div className="scroll nowheel min-h-0 flex-1 overflow-auto">
        <table ref={grid} role="grid" aria-label={label} aria-rowcount={rows.length} aria-colcount={width} onKeyDown={onKeyDown} className="w-full border-collapse text-[13px]">
          <tbody>
            {rows.map((cells, down) => (
              <tr key={down} role="row" className={cn(down === 0 && "bg-panel font-medium")}>
                {Array.from({ length: width }, (_, right) => {
                  const here = down === row && right === column;
                  const value = cells[right]?.value ?? "";
                  const editing = here && draft !== null;
                  return (
                    <td
                      key={right}
                      role={down === 0 ? "columnheader" : "gridcell"}
                      data-cell={`${down}/${right}`}
                      tabIndex={here && !editing ? 0 : -1}
                      aria-readonly={readOnly || undefined}
                      aria-selected={here}
                      onFocus={(event) => event.target === event.currentTarget && setAt([down, right])}
                      onDoubleClick={() => {
                        if (!readOnly) {
                          setAt([down, right]);
                          setDraft(value);
                        }
                      }}
                      className={cn("relative h-8 min-w-20 border border-line px-2 py-1 align-top whitespace-pre-wrap [overflow-wrap:anywhere] focus:outline-2 focus:-outline-offset-2 focus:outline-accent", numeric[right] && down > 0 && "text-right tabular-nums")}
                    >
                      {editing ? (
                        <textarea
                          autoFocus
                          aria-label={`${letters(right)}${down + 1}`}
                          value={draft}
                          onFocus={(event) => event.target.setSelectionRange(draft.length, draft.length)}
                          rows={Math.max(1, draft.split("\n").length)}
                          onChange={(event) => setDraft(event.target.value)}
                          onBlur={() => draft !== null && keep(draft)}
                          className="absolute inset-0 z-10 min-h-full w-full resize-none bg-raised px-2 py-1 outline-2 -outline-offset-2 outline-accent"
                        />
                      ) : (
                        value
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!readOnly && (
        <div role="toolbar" aria-label="Rows and columns" className="flex flex-wrap items-center gap-1 border-t px-2 py-1 text-xs text-ink-3">
          <span className="mr-auto tabular-nums">
            {letters(column)}
            {row + 1}
          </span>
          <Tool label="Add a row below" icon={<><Rows3 className="size-3.5" /><Plus className="size-3" /></>} run={() => apply(text, addRow(text.toString(), row + 1))} />
          <Tool label="Remove this row" icon={<><Rows3 className="size-3.5" /><Minus className="size-3" /></>} run={() => { apply(text, removeRow(text.toString(), row)); setAt([Math.max(0, row - 1), column]); }} />
          <Tool label="Add a column to the right" icon={<><Columns3 className="size-3.5" /><Plus className="size-3" /></>} run={() => apply(text, addColumn(text.toString(), column + 1))} />
          <Tool label="Remove this column" icon={<><Columns3 className="size-3.5" /><Minus className="size-3" /></>} run={() => { apply(text, removeColumn(text.toString(), column)); setAt([row, Math.max(0, column - 1)]); }} />
        </div>
      )}
    </div>
  );
}

const Tool = ({ label, icon, run }: { label: string; icon: React.ReactNode; run: () => void }) => (
  <Button variant="ghost" size="bare" aria-label={label} title={label} className="h-7 gap-0.5 rounded-md px-1.5" onClick={run}>
    {icon}
  </Button>
);
