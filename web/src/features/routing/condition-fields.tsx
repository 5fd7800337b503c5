import { type ReactNode, useMemo } from "react";
import { Field, Input } from "@/components/ui/field";
import { Choices, Pick } from "./choices";
import type { Draft, Kind } from "./draft";
import { usePeople } from "./queries";
import { capabilities, capabilityName, dayName, days, type Faults, languageName, levels, plans, tasks } from "./words";

interface Props {
  kind: Kind;
  draft: Draft;
  set: (change: Partial<Draft>) => void;
  faults: Faults;
}

/** What the classifier of languages tells apart and people ask for most. */
const languages = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "cs", "sv", "da", "fi", "ro", "hu", "el", "uk", "ru", "tr", "ar", "he", "hi", "zh", "ja", "ko", "vi", "id", "th"];

/** The fields of one condition. */
export function ConditionFields({ kind, draft, set, faults: { fields } }: Props) {
  switch (kind) {
    case "task":
      return (
        <Noted note={fields.task_types} hint="As the classifier reads the prompt: one of these.">
          <Choices label="Tasks" all={tasks} chosen={draft.tasks} onChange={(chosen) => set({ tasks: chosen })} />
        </Noted>
      );
    case "tokens":
      return (
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label="At least, in tokens" error={fields.min_tokens}>
            {(ids) => <Input {...ids} type="number" min="0" step="1" inputMode="numeric" placeholder="any" value={draft.minTokens} onChange={(event) => set({ minTokens: event.target.value })} />}
          </Field>
          <Field label="At most, in tokens" error={fields.max_tokens}>
            {(ids) => <Input {...ids} type="number" min="0" step="1" inputMode="numeric" placeholder="any" value={draft.maxTokens} onChange={(event) => set({ maxTokens: event.target.value })} />}
          </Field>
        </div>
      );
    case "needs":
      return (
        <Noted note={fields.capabilities} hint="The call needs all of these, besides others perhaps.">
          <Choices label="Capabilities" all={capabilities} chosen={draft.needs} name={capabilityName} onChange={(chosen) => set({ needs: chosen })} />
        </Noted>
      );
    case "people":
      return <People draft={draft} set={set} fault={fields.user_ids ?? fields.group_ids} />;
    case "language":
      return (
        <Noted note={fields.languages} hint="The prompt is in one of these.">
          <Pick add="Add a language" all={languagesOffered(draft.languages)} chosen={draft.languages} onChange={(chosen) => set({ languages: chosen })} />
        </Noted>
      );
    case "level":
      return (
        <Noted note={fields.quality_levels} hint="auto alone is balanced, unless the call says otherwise.">
          <Choices label="Quality levels" all={levels} chosen={draft.levels} onChange={(chosen) => set({ levels: chosen })} />
        </Noted>
      );
    case "plan":
      return (
        <Noted note={fields.plans}>
          <Choices label="Plans" all={plans} chosen={draft.plans} onChange={(chosen) => set({ plans: chosen })} />
        </Noted>
      );
    case "window":
      return <Window draft={draft} set={set} fault={fields.window} />;
    case "pattern":
      return (
        <Field label="Pattern" error={fields.pattern} hint="A regular expression (RE2) that is found in what was asked last. (?i) at its start ignores case.">
          {(ids) => <Input {...ids} className="font-mono" spellCheck={false} maxLength={500} placeholder="(?i)refund|return" value={draft.pattern} onChange={(event) => set({ pattern: event.target.value })} />}
        </Field>
      );
    case "cost":
      return (
        <Field label="Dollars a call" error={fields.max_cost} hint="The rule holds for those of its models that cost no more, by estimate.">
          {(ids) => <Input {...ids} type="number" min="0" max="1000" step="any" inputMode="decimal" value={draft.maxCost} onChange={(event) => set({ maxCost: event.target.value })} />}
        </Field>
      );
    case "latency":
      return (
        <Field label="Seconds a call" error={fields.max_latency_ms} hint="The rule holds for those of its models that take no longer, by estimate.">
          {(ids) => <Input {...ids} type="number" min="0" max="3600" step="any" inputMode="decimal" value={draft.maxSeconds} onChange={(event) => set({ maxSeconds: event.target.value })} />}
        </Field>
      );
  }
}

/** A rule may name languages that are not offered. */
const languagesOffered = (chosen: string[]) => [...new Set([...languages, ...chosen])].map((code) => ({ id: code, name: languageName(code) })).sort((a, b) => a.name.localeCompare(b.name));

const Noted = ({ note, hint, children }: { note?: string | undefined; hint?: string; children: ReactNode }) => (
  <div className="grid gap-2">
    {children}
    {note ? (
      <p role="alert" className="text-[13px] text-danger">
        {note}
      </p>
    ) : (
      hint && <p className="text-[13px] text-ink-3">{hint}</p>
    )}
  </div>
);

function People({ draft, set, fault }: { draft: Draft; set: Props["set"]; fault: string | undefined }) {
  const { people, groups } = usePeople();
  return (
    <Noted note={fault} hint="One of these people asks, or somebody in one of these groups.">
      <div className="grid items-start gap-3 sm:grid-cols-2">
        <Pick add="Add somebody" all={people} chosen={draft.users} onChange={(users) => set({ users })} />
        <Pick add="Add a group" all={groups} chosen={draft.groups} onChange={(chosen) => set({ groups: chosen })} />
      </div>
    </Noted>
  );
}

function Window({ draft, set, fault }: { draft: Draft; set: Props["set"]; fault: string | undefined }) {
  const zones = useMemo(() => ["UTC", ...Intl.supportedValuesOf("timeZone")], []);
  return (
    <div className="grid gap-3">
      <Choices label="Days" all={days} chosen={draft.days} name={dayName} onChange={(chosen) => set({ days: chosen })} />
      <div className="grid grid-cols-2 items-start gap-3 sm:grid-cols-[8.5rem_8.5rem_1fr]">
        <Field label="From">{(ids) => <Input {...ids} required type="time" value={draft.start} onChange={(event) => set({ start: event.target.value })} />}</Field>
        <Field label="Until">{(ids) => <Input {...ids} required type="time" value={draft.end} onChange={(event) => set({ end: event.target.value })} />}</Field>
        <Field label="Where" className="col-span-2 sm:col-span-1" error={fault} hint={draft.end <= draft.start ? (draft.end === draft.start ? "All day." : "Until the next morning.") : undefined}>
          {(ids) => (
            <>
              <Input {...ids} required list="routing-zones" spellCheck={false} autoComplete="off" value={draft.zone} onChange={(event) => set({ zone: event.target.value })} />
              <datalist id="routing-zones">
                {zones.map((zone) => (
                  <option key={zone} value={zone} />
                ))}
              </datalist>
            </>
          )}
        </Field>
      </div>
    </div>
  );
}
