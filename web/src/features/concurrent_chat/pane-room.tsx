/** Panes side by side with dividers between them (WAI-ARIA window splitters); their sizes live on the server. */
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { Group, type GroupImperativeHandle, type Layout, Panel, Separator } from "react-resizable-panels";
import { cn } from "@/lib/cn";
import { alike, rowsOf, type Shares, sharesOf, sizesOf } from "./layout";
import type { LayoutType } from "./types";

interface Props {
  type: LayoutType;
  ids: readonly string[];
  sizes: Readonly<Record<string, number>>;
  nameOf: (id: string) => string;
  onSizes: (sizes: Record<string, number>) => void;
  children: (id: string) => ReactNode;
}

/** WCAG 2.5.8 asks for 24 px; a finger wants more. */
const target = { fine: 24, coarse: 32 };
const KEEP_MS = 400;

export function PaneRoom({ type, ids, sizes, nameOf, onSizes, children }: Props) {
  const key = ids.join(" ");
  const rows = useMemo(() => rowsOf(type, ids), [type, key]);
  const shares = useMemo(() => sharesOf(rows, sizes), [rows, sizes]);
  const live = useRef<Shares>(shares);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  useEffect(() => {
    live.current = shares;
  }, [shares]);
  useEffect(
    () => () => {
      if (timer.current) clearTimeout(timer.current);
    },
    [rows],
  );

  /** A person has moved a divider: `row` null is one between rows. */
  const moved = (row: number | null, values: number[]) => {
    const before = live.current;
    live.current = row === null ? { ...before, rows: values } : { ...before, columns: before.columns.map((each, at) => (at === row ? values : each)) };
    if (timer.current) clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = null;
      onSizes(sizesOf(rows, live.current));
    }, KEEP_MS);
  };

  return (
    <Split
      key={type}
      orientation="vertical"
      ids={rows.map((_, at) => `row-${at}`)}
      values={shares.rows}
      names={rows.map((row) => row.map(nameOf).join(", "))}
      onMoved={(values) => moved(null, values)}
      min={140}
    >
      {(at) => (
        <Split
          orientation="horizontal"
          ids={rows[at] ?? []}
          values={shares.columns[at] ?? []}
          names={(rows[at] ?? []).map(nameOf)}
          onMoved={(values) => moved(at, values)}
          min={220}
        >
          {(column) => children(rows[at]?.[column] ?? "")}
        </Split>
      )}
    </Split>
  );
}

interface SplitProps {
  orientation: "horizontal" | "vertical";
  ids: readonly string[];
  values: readonly number[];
  names: readonly string[];
  onMoved: (values: number[]) => void;
  /** Below so many pixels a part closes. */
  min: number;
  children: (at: number) => ReactNode;
}

function Split({ orientation, ids, values, names, onMoved, min, children }: SplitProps) {
  const group = useRef<GroupImperativeHandle>(null);
  const key = ids.join(" ");
  const layoutOf = (parts: readonly number[]): Layout => Object.fromEntries(ids.map((id, at) => [id, parts[at] ?? 0]));

  useEffect(() => {
    // What another browser did, or a pane that came or went. What this one just said comes back alike and moves nothing.
    let frame = 0;
    const settle = () => {
      const now = group.current?.getLayout() ?? {};
      // A pane that has just come or gone is known to the group a moment later.
      if (Object.keys(now).length !== ids.length || ids.some((id) => now[id] === undefined)) frame = requestAnimationFrame(settle);
      else if (!alike(ids.map((id) => now[id] ?? 0), values)) group.current?.setLayout(layoutOf(values));
    };
    settle();
    return () => cancelAnimationFrame(frame);
  }, [key, values]);

  const across = orientation === "horizontal";
  return (
    <Group
      groupRef={group}
      orientation={orientation}
      defaultLayout={layoutOf(values)}
      resizeTargetMinimumSize={target}
      onLayoutChanged={(layout, { isUserInteraction }) => isUserInteraction && onMoved(ids.map((id) => layout[id] ?? 0))}
      className="min-h-0 min-w-0"
    >
      {ids.flatMap((id, at) => [
        at > 0 && (
          <Separator
            key={`before ${id}`}
            aria-label={`Between ${names[at - 1]} and ${names[at]}`}
            className={cn(
              "group/divider relative grid shrink-0 place-items-center rounded-full outline-none focus-visible:bg-accent-soft",
              across ? "w-2.5" : "h-2.5",
            )}
          >
            <span
              aria-hidden
              className={cn(
                "rounded-full bg-line transition-colors group-hover/divider:bg-line-strong group-focus-visible/divider:bg-accent group-data-[separator=active]/divider:bg-accent",
                across ? "h-10 w-1" : "h-1 w-10",
              )}
            />
          </Separator>
        ),
        // The padding keeps a pane's edge inside where widths come to a fraction of a pixel.
        <Panel key={id} id={id} minSize={min} collapsible collapsedSize={0} className="flex min-h-0 min-w-0 flex-col p-px">
          {children(at)}
        </Panel>,
      ])}
    </Group>
  );
}
