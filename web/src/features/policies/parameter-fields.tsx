import { Input, Select } from "@/components/ui/field";
import type { PolicyParameters } from "@/lib/api/types";
import { type ParameterName, parameterNames } from "./words";

const efforts = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
const names = Object.keys(parameterNames) as ParameterName[];

export type Row = { default: string; maximum: string; over: "clamp" | "refuse" };
export type Rows = Record<ParameterName, Row>;

export const rowsOf = (stored: PolicyParameters | undefined): Rows =>
  Object.fromEntries(
    names.map((name) => {
      const bound: { default?: unknown; maximum?: unknown; over?: Row["over"] } | null | undefined = stored?.[name];
      return [name, { default: String(bound?.default ?? ""), maximum: String(bound?.maximum ?? ""), over: bound?.over ?? "clamp" }];
    }),
  ) as Rows;

/** What the server takes: nothing of a parameter that is not bound. */
export function parametersOf(rows: Rows): PolicyParameters {
  const said: Record<string, unknown> = {};
  for (const name of names) {
    const row = rows[name];
    if (!row.default && !row.maximum) continue;
    const value = (text: string) => (!text ? null : name === "reasoning_effort" ? text : Number(text));
    said[name] = { ...(name === "n" ? {} : { default: value(row.default) }), maximum: value(row.maximum), over: row.over };
  }
  return said as PolicyParameters;
}

const ranges: Record<ParameterName, { min: number; max: number; step: number }> = {
  max_tokens: { min: 1, max: 10_000_000, step: 1 },
  temperature: { min: 0, max: 2, step: 0.05 },
  top_p: { min: 0, max: 1, step: 0.05 },
  n: { min: 1, max: 128, step: 1 },
  reasoning_effort: { min: 0, max: 0, step: 1 },
};

export function ParameterFields({ rows, onChange }: { rows: Rows; onChange: (rows: Rows) => void }) {
  const set = (name: ParameterName, change: Partial<Row>) => onChange({ ...rows, [name]: { ...rows[name], ...change } });
  const control = (name: ParameterName, which: "default" | "maximum") => {
    const props = { "aria-label": `${parameterNames[name]}, ${which}`, value: rows[name][which] };
    if (name === "n" && which === "default") return <span className="text-center text-ink-3">–</span>;
    if (name !== "reasoning_effort")
      return <Input type="number" inputMode="decimal" placeholder="–" {...ranges[name]} {...props} onChange={(event) => set(name, { [which]: event.target.value })} />;
    return (
      <Select {...props} onChange={(event) => set(name, { [which]: event.target.value })}>
        <option value="">–</option>
        {efforts.map((effort) => (
          <option key={effort}>{effort}</option>
        ))}
      </Select>
    );
  };
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-[15px] font-semibold">Parameters</legend>
      <p className="text-[13px] text-ink-3">The default is used where a call says nothing. Above the maximum a call gets the maximum, or is refused.</p>
      <div className="grid gap-3">
        {names.map((name) => (
          <div key={name} className="grid grid-cols-3 items-center gap-2 sm:grid-cols-[10rem_1fr_1fr_8rem]">
            <span className="col-span-3 text-sm sm:col-span-1">{parameterNames[name]}</span>
            {control(name, "default")}
            {control(name, "maximum")}
            <Select aria-label={`${parameterNames[name]}, above the maximum`} value={rows[name].over} onChange={(event) => set(name, { over: event.target.value as Row["over"] })}>
              <option value="clamp">bring down</option>
              <option value="refuse">refuse</option>
            </Select>
          </div>
        ))}
      </div>
    </fieldset>
  );
}
