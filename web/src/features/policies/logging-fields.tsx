import { Checkbox, Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import type { LoggingSettings } from "@/lib/api/types";
import { piiNames } from "./guardrail-words";

const kinds = Object.keys(piiNames) as (keyof typeof piiNames)[];

interface Props {
  logging: LoggingSettings | null;
  onChange: (logging: LoggingSettings | null) => void;
}

/** Whether questions and answers of keys are kept. Off, nothing of them is. */
export function LoggingFields({ logging, onChange }: Props) {
  const on = logging !== null && logging.is_active !== false;
  const set = (change: Partial<LoggingSettings>) => onChange({ ...logging, ...change });
  const redact = logging?.redact ?? kinds;
  return (
    <fieldset className="grid gap-3">
      <legend className="mb-1 text-[15px] font-semibold">Request log</legend>
      <Checkbox
        label="Keep what is asked through keys, and the answers"
        hint="Off, nothing of a prompt is stored anywhere. Chats are never kept here. Members are told on their page of keys."
        checked={on}
        onChange={(event) => onChange(event.target.checked ? { days: 30, redact: kinds, redact_secrets: true, admins_read: false, is_active: true } : null)}
      />
      {on && (
        <>
          <Field label="Days kept" className="max-w-40">
            {(ids) => <Input {...ids} type="number" required min={1} max={365} value={logging.days ?? 30} onChange={(event) => set({ days: Number(event.target.value) })} />}
          </Field>
          <Checkbox
            label="Admins read it too"
            hint="Off: each person reads their own alone. That an admin read a call is in the audit trail."
            checked={logging.admins_read ?? false}
            onChange={(event) => set({ admins_read: event.target.checked })}
          />
          <Checkbox label="Leave out secrets" hint="Keys, tokens and passwords, as far as their shapes are known." checked={logging.redact_secrets ?? true} onChange={(event) => set({ redact_secrets: event.target.checked })} />
          <div className="grid gap-2 sm:grid-cols-2">
            {kinds.map((kind) => (
              <Checkbox
                key={kind}
                label={`Leave out: ${piiNames[kind]}`}
                checked={redact.includes(kind)}
                onChange={(event) => set({ redact: event.target.checked ? [...redact, kind] : redact.filter((other) => other !== kind) })}
              />
            ))}
          </div>
          {redact.length < kinds.length && <Notice tone="warn">Personal data of the kinds that are not ticked is kept as it is.</Notice>}
        </>
      )}
    </fieldset>
  );
}
