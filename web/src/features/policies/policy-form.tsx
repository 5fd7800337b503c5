import { useQuery } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { ApiKey, Page, Policy, PolicySettings } from "@/lib/api/types";
import { CacheFields } from "./cache-fields";
import { LoggingFields } from "./logging-fields";
import { ParameterFields, parametersOf, rowsOf } from "./parameter-fields";
import { wordsOf } from "./words";

interface Props {
  stored: Policy | null;
  taken: Policy[];
  onSaved: () => Promise<void>;
  onCancel: () => void;
}

type Pair = { id: number; name: string; values: string };
let next = 0;
const pair = (name = "", values = ""): Pair => ({ id: next++, name, values });

/** Everything that a policy says, in one form. */
export function PolicyForm({ stored, taken, onSaved, onCancel }: Props) {
  const [name, setName] = useState(stored?.name ?? "");
  const [active, setActive] = useState(stored?.is_active ?? true);
  const [whom, setWhom] = useState(stored?.api_key_id ?? "");
  const [allowed, setAllowed] = useState(stored?.allowed_models?.join("\n") ?? "");
  const [denied, setDenied] = useState(stored?.denied_models?.join("\n") ?? "");
  const [aliases, setAliases] = useState(Object.entries(stored?.aliases ?? {}).map(([alias, chain]) => pair(alias, chain.join(", "))));
  const [rows, setRows] = useState(rowsOf(stored?.parameters));
  const [tags, setTags] = useState((stored?.required_tags ?? []).map((tag) => pair(tag.name, tag.values?.join(", "))));
  const [cache, setCache] = useState(stored?.cache ?? null);
  const [logging, setLogging] = useState(stored?.logging ?? null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  const save = async () => {
    setBusy(true);
    setError("");
    const models = wordsOf(allowed);
    const said: PolicySettings = {
      name: name.trim(),
      is_active: active,
      allowed_models: models.length ? models : null,
      denied_models: wordsOf(denied),
      aliases: Object.fromEntries(aliases.filter((one) => one.name.trim()).map((one) => [one.name.trim(), wordsOf(one.values)])),
      parameters: parametersOf(rows),
      required_tags: tags.filter((one) => one.name.trim()).map((one) => ({ name: one.name.trim(), values: wordsOf(one.values) })),
      cache,
      logging,
    };
    try {
      if (stored) await api.put(`/policies/${stored.id}`, said);
      else await api.post("/policies", { ...said, api_key_id: whom || null });
      await onSaved();
    } catch (fault) {
      setError(messageOf(fault));
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
      {error && <Notice tone="danger">{error}</Notice>}
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" hint="Refusals name it.">
          {(ids) => <Input {...ids} required maxLength={100} placeholder="Workspace" value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        {stored ? <p className="self-center text-sm text-ink-2">Binds {stored.api_key_id ? `the key ${stored.key_name}` : "every call of the workspace"}.</p> : <Whom taken={taken} value={whom} onChange={setWhom} />}
      </div>
      <Checkbox label="In force" hint="Off: it is kept and binds nobody." checked={active} onChange={(event) => setActive(event.target.checked)} />
      <fieldset className="grid gap-4 sm:grid-cols-2">
        <legend className="mb-2 text-[15px] font-semibold">Models</legend>
        <Field label="Allowed" hint="One a line, * for any characters: gpt-4o, openai/*, local/*. Empty: every model.">
          {(ids) => <Textarea {...ids} spellCheck={false} placeholder="every model" value={allowed} onChange={(event) => setAllowed(event.target.value)} />}
        </Field>
        <Field label="Denied" hint="Goes before what is allowed.">
          {(ids) => <Textarea {...ids} spellCheck={false} placeholder="none" value={denied} onChange={(event) => setDenied(event.target.value)} />}
        </Field>
      </fieldset>
      <Pairs
        legend="Names of your own"
        note="A name stands for models that are tried in order; the next one when one fails. auto may end the list."
        add="Add a name"
        first={{ label: "Name", placeholder: "house" }}
        second={{ label: "Models in order", placeholder: "gpt-4o, claude-sonnet-4, auto" }}
        pairs={aliases}
        onChange={setAliases}
      />
      <ParameterFields rows={rows} onChange={setRows} />
      <Pairs
        legend="Tags that calls must carry"
        note="In the header X-Radiant-Tags or the body’s metadata. Without values, any will do. Chats need none."
        add="Add a tag"
        first={{ label: "Tag", placeholder: "project" }}
        second={{ label: "Values", placeholder: "any" }}
        pairs={tags}
        onChange={setTags}
      />
      <CacheFields cache={cache} ofKey={Boolean(stored ? stored.api_key_id : whom)} onChange={setCache} />
      <LoggingFields logging={logging} onChange={setLogging} />
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim()}>
          {stored ? "Save" : "Make the policy"}
        </Button>
      </DialogActions>
    </form>
  );
}

function Whom({ taken, value, onChange }: { taken: Policy[]; value: string; onChange: (id: string) => void }) {
  const { data } = useQuery({ queryKey: ["keys", "for policies"], queryFn: () => api.get<Page<ApiKey>>("/keys", { query: { all: true, limit: 100 } }) });
  const bound = new Set(taken.map((policy) => policy.api_key_id ?? ""));
  const keys = (data?.items ?? []).filter((key) => !key.revoked_at);
  // The workspace's own is offered while there is none.
  const chosen = value || (bound.has("") ? "" : value);
  return (
    <Field label="Binds" hint={bound.has("") ? "The workspace has a policy; this one narrows it for a key." : undefined}>
      {(ids) => (
        <Select {...ids} required={bound.has("")} value={chosen} onChange={(event) => onChange(event.target.value)}>
          <option value="" disabled={bound.has("")}>
            {bound.has("") ? "Choose a key" : "Every call of the workspace"}
          </option>
          {keys.map((key) => (
            <option key={key.id} value={key.id} disabled={bound.has(key.id)}>
              {`Key ${key.name} (${key.user_email})`}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

interface PairsProps {
  legend: string;
  note: string;
  add: string;
  first: { label: string; placeholder: string };
  second: { label: string; placeholder: string };
  pairs: Pair[];
  onChange: (pairs: Pair[]) => void;
}

function Pairs({ legend, note, add, first, second, pairs, onChange }: PairsProps) {
  const set = (id: number, change: Partial<Pair>) => onChange(pairs.map((one) => (one.id === id ? { ...one, ...change } : one)));
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-[15px] font-semibold">{legend}</legend>
      <p className="text-[13px] text-ink-3">{note}</p>
      {pairs.map((one) => (
        <div key={one.id} className="flex gap-2">
          <Input aria-label={first.label} className="w-1/3" spellCheck={false} placeholder={first.placeholder} value={one.name} onChange={(event) => set(one.id, { name: event.target.value })} />
          <Input aria-label={second.label} className="flex-1" spellCheck={false} placeholder={second.placeholder} value={one.values} onChange={(event) => set(one.id, { values: event.target.value })} />
          <Button variant="ghost" size="icon" aria-label={`Remove ${one.name || "this line"}`} onClick={() => onChange(pairs.filter((other) => other.id !== one.id))}>
            <X className="size-4" />
          </Button>
        </div>
      ))}
      <Button size="sm" variant="outline" className="justify-self-start" onClick={() => onChange([...pairs, pair()])}>
        <Plus className="size-3.5" />
        {add}
      </Button>
    </fieldset>
  );
}
