import { X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { Rule } from "@/lib/api/types";
import { useSession } from "@/lib/session";
import { ConditionFields } from "./condition-fields";
import { draftOf, type Kind, kindNames, kinds, settingsOf } from "./draft";
import { Fallbacks } from "./fallbacks";
import { ModelField, ModelList } from "./model-field";
import { RuleTrial } from "./rule-trial";
import { type Faults, faultsOf, noFaults } from "./words";

interface Props {
  stored: Rule | null;
  onSaved: () => Promise<void>;
  onCancel: () => void;
}

/** A rule: when it holds, where calls go, and what it would do to a prompt before it is saved. */
export function RuleForm({ stored, onSaved, onCancel }: Props) {
  const operator = useSession().user.is_operator;
  const [draft, setDraft] = useState(() => draftOf(stored));
  const [busy, setBusy] = useState(false);
  const [faults, setFaults] = useState<Faults>(noFaults);
  const set = (change: Partial<typeof draft>) => setDraft((before) => ({ ...before, ...change }));
  const unused = kinds.filter((kind) => !draft.kinds.includes(kind) && !(kind === "people" && draft.scope === "platform"));

  const save = async () => {
    setBusy(true);
    setFaults(noFaults);
    try {
      if (stored) await api.put(`/routing/rules/${stored.id}`, settingsOf(draft));
      else await api.post("/routing/rules", { ...settingsOf(draft), scope: draft.scope });
      await onSaved();
    } catch (fault) {
      setFaults(faultsOf(fault));
      setBusy(false);
    }
  };

  return (
    <form
      className="grid gap-6"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {faults.rest && <Notice tone="danger">{faults.rest}</Notice>}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={faults.fields.name} className={operator && !stored ? undefined : "sm:col-span-2"}>
          {(ids) => <Input {...ids} required autoFocus maxLength={100} placeholder="Code" value={draft.name} onChange={(event) => set({ name: event.target.value })} />}
        </Field>
        {operator && !stored && (
          <Field label="For">
            {(ids) => (
              <Select {...ids} value={draft.scope} onChange={(event) => set({ scope: event.target.value as Rule["scope"], kinds: draft.kinds.filter((kind) => kind !== "people") })}>
                <option value="workspace">This workspace</option>
                <option value="platform">Every workspace</option>
              </Select>
            )}
          </Field>
        )}
      </div>

      <Part legend="When" note={draft.kinds.length ? "All of these must hold." : "Without a condition the rule always holds."}>
        {draft.kinds.map((kind) => (
          <div key={kind} role="group" aria-label={kindNames[kind]} className="rounded-xl border p-3 pt-2">
            <div className="flex items-center justify-between gap-2 pb-1">
              <span className="text-[13px] font-medium">{kindNames[kind]}</span>
              <Button variant="ghost" size="icon" aria-label={`Take out: ${kindNames[kind]}`} onClick={() => set({ kinds: draft.kinds.filter((one) => one !== kind) })}>
                <X className="size-4" />
              </Button>
            </div>
            <ConditionFields kind={kind} draft={draft} set={set} faults={faults} />
          </div>
        ))}
        {unused.length > 0 && (
          <Select aria-label="Add a condition" className="sm:w-60" value="" onChange={(event) => set({ kinds: [...draft.kinds, event.target.value as Kind] })}>
            <option value="">Add a condition …</option>
            {unused.map((kind) => (
              <option key={kind} value={kind}>
                {kindNames[kind]}
              </option>
            ))}
          </Select>
        )}
      </Part>

      <Part legend="Then ask">
        <ModelList />
        <ModelField label="Model" required value={draft.target} error={faults.fields.target_model} onChange={(target) => set({ target })} />
        <Fallbacks models={draft.fallbacks} error={faults.fields.fallback_models} onChange={(fallbacks) => set({ fallbacks })} />
      </Part>

      <RuleTrial draft={draft} stored={stored} onFaults={setFaults} />
      <Checkbox label="In force" hint="Switched off, it is kept and decides nothing." checked={draft.active} onChange={(event) => set({ active: event.target.checked })} />
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!draft.name.trim() || !draft.target.trim()}>
          {stored ? "Save" : "Make the rule"}
        </Button>
      </DialogActions>
    </form>
  );
}

const Part = ({ legend, note, children }: { legend: string; note?: string; children: ReactNode }) => (
  <fieldset className="grid min-w-0 gap-3">
    <legend className="mb-1 text-[15px] font-semibold">{legend}</legend>
    {note && <p className="-mt-2 text-[13px] text-ink-3">{note}</p>}
    {children}
  </fieldset>
);
