import { useQuery } from "@tanstack/react-query";
import { Field, Input, Select } from "@/components/ui/field";
import { api } from "@/lib/api/client";
import type { ApiKey, Budget, Limit, Member, Page } from "@/lib/api/types";
import { useModels } from "@/lib/models";

export interface Whom {
  scope: Budget["scope"];
  user_id: string | null;
  api_key_id: string | null;
  model: string | null;
}

export const everyone: Whom = { scope: "tenant", user_id: null, api_key_id: null, model: null };

/** "The whole workspace", "ada@example.org", "key laptop", with the model where it is narrowed to one. */
export function whomName(bound: Budget | Limit): string {
  const who = { tenant: "The whole workspace", user: bound.user_email ?? "a person who left", api_key: `Key ${bound.key_name ?? "(deleted)"}`, model: "Everyone" }[bound.scope];
  return bound.model ? `${who}, ${bound.model}` : who;
}

/** Whom a budget or limit binds. */
export function WhomFields({ value, onChange }: { value: Whom; onChange: (whom: Whom) => void }) {
  const { data: people } = useQuery({ queryKey: ["bounds", "people"], queryFn: () => api.get<Page<Member>>("/users", { query: { limit: 200 } }) });
  const { data: keys } = useQuery({ queryKey: ["bounds", "keys"], queryFn: () => api.get<Page<ApiKey>>("/keys", { query: { all: true, limit: 200 } }) });
  const { data: models } = useModels();
  const set = (scope: Whom["scope"]) => onChange({ ...everyone, scope, model: value.model });
  return (
    <>
      <Field label="Binds">
        {(ids) => (
          <Select {...ids} value={value.scope} onChange={(event) => set(event.target.value as Whom["scope"])}>
            <option value="tenant">The whole workspace</option>
            <option value="user">One person</option>
            <option value="api_key">One API key</option>
            <option value="model">One model</option>
          </Select>
        )}
      </Field>
      {value.scope === "user" && (
        <Field label="Person">
          {(ids) => (
            <Select {...ids} required value={value.user_id ?? ""} onChange={(event) => onChange({ ...value, user_id: event.target.value || null })}>
              <option value="">Choose…</option>
              {people?.items.map((person) => (
                <option key={person.id} value={person.id}>
                  {person.name ? `${person.name} (${person.email})` : person.email}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      {value.scope === "api_key" && (
        <Field label="Key">
          {(ids) => (
            <Select {...ids} required value={value.api_key_id ?? ""} onChange={(event) => onChange({ ...value, api_key_id: event.target.value || null })}>
              <option value="">Choose…</option>
              {keys?.items
                .filter((key) => !key.revoked_at)
                .map((key) => (
                  <option key={key.id} value={key.id}>
                    {key.name} ({key.prefix}…, {key.user_email})
                  </option>
                ))}
            </Select>
          )}
        </Field>
      )}
      <Field label="Model" hint={value.scope === "model" ? "Only calls of this model count." : "Leave empty for all models."}>
        {(ids) => (
          <>
            <Input {...ids} list="bounds-models" required={value.scope === "model"} value={value.model ?? ""} placeholder="all models" onChange={(event) => onChange({ ...value, model: event.target.value || null })} />
            <datalist id="bounds-models">
              {models?.filter((model) => model.id !== "auto").map((model) => <option key={model.id} value={model.id} />)}
            </datalist>
          </>
        )}
      </Field>
    </>
  );
}
