import { Plus, X } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import type { Check } from "./types";

const MOST = 10;

export const kinds: readonly { type: Check["type"]; name: string; says: string; empty: Check }[] = [
  { type: "value", name: "A number", says: "The answer is this number, or as near to it as you say.", empty: { type: "value", equals: "", within: null } },
  { type: "expression", name: "An expression", says: "The answer is an expression of this value, made of exactly these numbers if you give some.", empty: { type: "expression", equals: "", uses: null } },
  { type: "pattern", name: "A pattern", says: "The whole answer fits this regular expression.", empty: { type: "pattern", pattern: "" } },
  { type: "tests", name: "Tests", says: "The answer is code, and these Python assertions hold after it. They run in the sandbox.", empty: { type: "tests", tests: "" } },
];

/** Whether a check says enough to be made. */
export const isWhole = (check: Check): boolean => (check.type === "pattern" ? check.pattern : check.type === "tests" ? check.tests : check.equals).trim() !== "";

interface Props {
  checks: Check[];
  onChange: (checks: Check[]) => void;
}

/** What is known of a right answer without knowing it. */
export function Checks({ checks, onChange }: Props) {
  const put = (at: number, check: Check) => onChange(checks.map((one, index) => (index === at ? check : one)));
  return (
    <fieldset className="grid gap-3">
      <legend className="mb-1 text-[13px] font-medium">Checks</legend>
      <p className="-mt-1 text-[13px] text-ink-3">What you know of a right answer. An answer that passes counts as verified; one that does not is never called a solution.</p>
      {checks.length > 0 && (
        <ul className="grid gap-3">
          {checks.map((check, at) => (
            <li key={at} className="grid gap-3 rounded-xl border bg-raised p-3">
              <div className="flex items-end gap-2">
                <Field label={`Check ${at + 1}`} hint={kinds.find((kind) => kind.type === check.type)?.says} className="flex-1">
                  {(ids) => (
                    <Select {...ids} value={check.type} onChange={(event) => put(at, kinds.find((kind) => kind.type === event.target.value)?.empty ?? check)}>
                      {kinds.map((kind) => (
                        <option key={kind.type} value={kind.type}>
                          {kind.name}
                        </option>
                      ))}
                    </Select>
                  )}
                </Field>
                <Button variant="ghost" size="icon" className="self-start" aria-label={`Without check ${at + 1}`} title="Without this check" onClick={() => onChange(checks.filter((_, index) => index !== at))}>
                  <X className="size-4" />
                </Button>
              </div>
              <One check={check} onChange={(changed) => put(at, changed)} />
            </li>
          ))}
        </ul>
      )}
      <div>
        <Button size="sm" disabled={checks.length >= MOST} onClick={() => onChange([...checks, { type: "value", equals: "", within: null }])}>
          <Plus className="size-3.5" />
          Add a check
        </Button>
      </div>
    </fieldset>
  );
}

function One({ check, onChange }: { check: Check; onChange: (check: Check) => void }) {
  switch (check.type) {
    case "value":
      return (
        <div className="grid items-start gap-3 sm:grid-cols-2">
          <Field label="Equals">{(ids) => <Input {...ids} maxLength={200} value={check.equals} onChange={(event) => onChange({ ...check, equals: event.target.value })} />}</Field>
          <Field label="Within">{(ids) => <Input {...ids} maxLength={50} placeholder="exactly" value={check.within ?? ""} onChange={(event) => onChange({ ...check, within: event.target.value || null })} />}</Field>
        </div>
      );
    case "expression":
      return (
        <div className="grid items-start gap-3 sm:grid-cols-2">
          <Field label="Value">{(ids) => <Input {...ids} maxLength={200} value={check.equals} onChange={(event) => onChange({ ...check, equals: event.target.value })} />}</Field>
          <Field label="Made of the numbers" hint="With spaces or commas between them.">
            {(ids) => <Input {...ids} placeholder="any" defaultValue={check.uses?.join(" ") ?? ""} onChange={(event) => onChange({ ...check, uses: numbersOf(event.target.value) })} />}
          </Field>
        </div>
      );
    case "pattern":
      return <Field label="Regular expression">{(ids) => <Input {...ids} className="font-mono text-[13px]" maxLength={1000} spellCheck={false} placeholder="[A-Z]{3}-\d+" value={check.pattern} onChange={(event) => onChange({ ...check, pattern: event.target.value })} />}</Field>;
    case "tests":
      return (
        <Field label="Assertions">
          {(ids) => <Textarea {...ids} className="font-mono text-[13px]" rows={4} maxLength={20_000} spellCheck={false} placeholder="assert roman(4) == 'IV'" value={check.tests} onChange={(event) => onChange({ ...check, tests: event.target.value })} />}
        </Field>
      );
  }
}

/** "4, 7 8" -> ["4", "7", "8"]; null of nothing. */
function numbersOf(words: string): string[] | null {
  const found = words.split(/[\s,;]+/).filter(Boolean);
  return found.length ? found : null;
}
