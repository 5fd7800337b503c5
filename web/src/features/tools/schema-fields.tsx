import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import type { FormField } from "./schema";

interface Props {
  fields: FormField[];
  values: Record<string, string>;
  faults: Record<string, string>;
  onChange: (name: string, value: string) => void;
}

/** A control for each argument. */
export function SchemaFields({ fields, values, faults, onChange }: Props) {
  return (
    <div className="grid gap-4">
      {fields.map((field) => (
        <One key={field.name} field={field} value={values[field.name] ?? field.initial} fault={faults[field.name]} onChange={(value) => onChange(field.name, value)} />
      ))}
    </div>
  );
}

interface OneProps {
  field: FormField;
  value: string;
  fault: string | undefined;
  onChange: (value: string) => void;
}

function One({ field, value, fault, onChange }: OneProps) {
  if (field.kind === "switch") return <Checkbox label={field.name} hint={field.hint} checked={value === "true"} onChange={(event) => onChange(String(event.target.checked))} />;
  const name = field.required ? field.name : `${field.name} (may be left out)`;
  return (
    <Field label={name} hint={field.hint || (field.kind === "json" ? "As JSON" : undefined)} error={fault}>
      {(ids) => {
        switch (field.kind) {
          case "choice":
            return (
              <Select {...ids} value={value} onChange={(event) => onChange(event.target.value)}>
                {!field.initial && <option value="">{field.required ? "Choose" : "None"}</option>}
                {field.choices.map((choice) => (
                  <option key={choice}>{choice}</option>
                ))}
              </Select>
            );
          case "long":
            return <Textarea {...ids} spellCheck={false} value={value} onChange={(event) => onChange(event.target.value)} />;
          case "json":
            return <Textarea {...ids} spellCheck={false} className="font-mono text-[13px]" value={value} onChange={(event) => onChange(event.target.value)} />;
          default:
            return <Input {...ids} spellCheck={false} inputMode={field.kind === "text" ? "text" : "decimal"} value={value} onChange={(event) => onChange(event.target.value)} />;
        }
      }}
    </Field>
  );
}
