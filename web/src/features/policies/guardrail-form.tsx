import { useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Guardrail } from "@/lib/api/types";
import { kindHints, kindNames, piiNames, stageNames } from "./guardrail-words";

interface Props {
  policyId: string;
  stored: Guardrail | null;
  onSaved: (saved: Guardrail) => Promise<void>;
  onCancel: () => void;
}

type Kind = Guardrail["kind"];
type Settings = Record<string, unknown>;

const finds = (kind: Kind) => kind === "pii" || kind === "secrets" || kind === "regex";

const starts: Record<Kind, Settings> = {
  pii: { types: Object.keys(piiNames) },
  secrets: {},
  regex: { patterns: [] },
  size: { max_characters: 100_000 },
  webhook: { url: "", timeout_ms: 3000, on_failure: "closed" },
  model: { model: "", question: "", timeout_ms: 20_000, on_failure: "closed" },
};

export function GuardrailForm({ policyId, stored, onSaved, onCancel }: Props) {
  const [name, setName] = useState(stored?.name ?? "");
  const [kind, setKind] = useState<Kind>(stored?.kind ?? "pii");
  const [stage, setStage] = useState<Guardrail["stage"]>(stored?.stage ?? "before");
  const [action, setAction] = useState<Guardrail["action"]>(stored?.action ?? "block");
  const [active, setActive] = useState(stored?.is_active ?? true);
  const [settings, setSettings] = useState<Settings>(stored?.settings ?? starts.pii);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  const save = async () => {
    setBusy(true);
    setError("");
    const said = { name: name.trim(), kind, stage: action === "pseudonymise" ? "before" : stage, action: finds(kind) ? action : "block", settings, is_active: active };
    try {
      await onSaved(stored ? await api.put<Guardrail>(`/policies/${policyId}/guardrails/${stored.id}`, said) : await api.post<Guardrail>(`/policies/${policyId}/guardrails`, said));
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };

  return (
    <form
      className="grid gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Name" hint="Refusals name it.">
        {(ids) => <Input {...ids} required maxLength={100} placeholder="No addresses leave" value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="Looks for" hint={kindHints[kind]}>
        {(ids) => (
          <Select
            {...ids}
            disabled={stored !== null}
            value={kind}
            onChange={(event) => {
              setKind(event.target.value as Kind);
              setSettings(starts[event.target.value as Kind]);
            }}
          >
            {(Object.keys(kindNames) as Kind[]).map((each) => (
              <option key={each} value={each}>
                {kindNames[each]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <SettingsOf kind={kind} settings={settings} onChange={setSettings} />
      <div className="grid gap-4 sm:grid-cols-2">
        {finds(kind) && (
          <Field label="What it does" hint={action === "pseudonymise" ? "The model sees placeholders; the answer has the values." : action === "redact" ? "For good." : "The call is refused."}>
            {(ids) => (
              <Select {...ids} value={action} onChange={(event) => setAction(event.target.value as Guardrail["action"])}>
                <option value="block">Block</option>
                <option value="redact">Redact</option>
                <option value="pseudonymise">Put placeholders</option>
              </Select>
            )}
          </Field>
        )}
        <Field label="In">
          {(ids) => (
            <Select {...ids} disabled={action === "pseudonymise" && finds(kind)} value={action === "pseudonymise" && finds(kind) ? "before" : stage} onChange={(event) => setStage(event.target.value as Guardrail["stage"])}>
              {(Object.keys(stageNames) as Guardrail["stage"][]).map((each) => (
                <option key={each} value={each}>
                  {stageNames[each]}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      <Checkbox label="On" checked={active} onChange={(event) => setActive(event.target.checked)} />
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
          {stored ? "Save" : "Add the guardrail"}
        </Button>
      </DialogActions>
    </form>
  );
}

interface SettingsProps {
  kind: Kind;
  settings: Settings;
  onChange: (settings: Settings) => void;
}

function SettingsOf({ kind, settings, onChange }: SettingsProps) {
  const set = (change: Settings) => onChange({ ...settings, ...change });
  const text = (name: string) => String(settings[name] ?? "");
  const number = (name: string) => (value: string) => set({ [name]: value ? Number(value) : null });
  if (kind === "pii") {
    const types = (settings.types ?? []) as string[];
    return (
      <fieldset className="grid gap-2 sm:grid-cols-2">
        <legend className="mb-2 text-[13px] font-medium">Kinds</legend>
        {Object.entries(piiNames).map(([type, label]) => (
          <Checkbox key={type} label={label} checked={types.includes(type)} onChange={(event) => set({ types: event.target.checked ? [...types, type] : types.filter((other) => other !== type) })} />
        ))}
      </fieldset>
    );
  }
  if (kind === "regex") {
    const patterns = (settings.patterns ?? []) as { pattern: string; label: string }[];
    return (
      <Field label="Patterns" hint="One a line. What they find is called MATCH.">
        {(ids) => (
          <Textarea
            {...ids}
            required
            spellCheck={false}
            className="font-mono text-[13px]"
            placeholder={"(?i)project[- ]orion\nACME-\\d{6}"}
            defaultValue={patterns.map((each) => each.pattern).join("\n")}
            onChange={(event) => set({ patterns: event.target.value.split("\n").filter(Boolean).map((pattern) => ({ pattern, label: patterns.find((each) => each.pattern === pattern)?.label ?? "MATCH" })) })}
          />
        )}
      </Field>
    );
  }
  if (kind === "size")
    return (
      <div className="grid gap-4 sm:grid-cols-3">
        {(["characters", "tokens", "messages"] as const).map((unit) => (
          <Field key={unit} label={`At most ${unit}`}>
            {(ids) => <Input {...ids} type="number" min={1} placeholder="any" value={text(`max_${unit}`)} onChange={(event) => number(`max_${unit}`)(event.target.value)} />}
          </Field>
        ))}
      </div>
    );
  if (kind === "secrets") return null;
  return (
    <>
      {kind === "webhook" ? (
        <Field label="Address" hint="https, and reachable from outside. Requests are signed.">
          {(ids) => <Input {...ids} required type="url" placeholder="https://guard.example.com/radiant" value={text("url")} onChange={(event) => set({ url: event.target.value })} />}
        </Field>
      ) : (
        <>
          <Field label="Model">{(ids) => <Input {...ids} required spellCheck={false} placeholder="gpt-4o-mini" value={text("model")} onChange={(event) => set({ model: event.target.value })} />}</Field>
          <Field label="Question" hint="Yes means that it breaks the rule. Each call is metered.">
            {(ids) => <Textarea {...ids} required placeholder="Does the text ask for legal advice?" value={text("question")} onChange={(event) => set({ question: event.target.value })} />}
          </Field>
        </>
      )}
      <Field label="When it does not answer in time">
        {(ids) => (
          <Select {...ids} value={text("on_failure")} onChange={(event) => set({ on_failure: event.target.value })}>
            <option value="closed">refuse the call</option>
            <option value="open">let it through</option>
          </Select>
        )}
      </Field>
    </>
  );
}
