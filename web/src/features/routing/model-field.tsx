import type { ReactNode } from "react";
import { Field, Input } from "@/components/ui/field";
import { isChatModel, providerName, useModels } from "@/lib/models";

const LIST = "routing-models";

/** The models that the fields below it offer; those that can be used now come first. */
export function ModelList() {
  const { data } = useModels();
  return (
    <datalist id={LIST}>
      {data
        ?.filter((model) => model.id !== "auto" && isChatModel(model))
        .sort((a, b) => Number(b.available) - Number(a.available))
        .map((model) => (
          <option key={model.id} value={model.id}>
            {`${model.display_name}, ${providerName(model.provider)}${model.available ? "" : ", not connected"}`}
          </option>
        ))}
    </datalist>
  );
}

interface Props {
  label: string;
  value: string;
  required?: boolean;
  error?: ReactNode;
  className?: string;
  onChange: (model: string) => void;
}

/** A model by its id, found by its id, name or provider. */
export function ModelField({ label, value, required, error, className, onChange }: Props) {
  const { data } = useModels();
  const model = data?.find((one) => one.id === value.trim());
  const hint = model && `${model.display_name}, ${providerName(model.provider)}${model.available ? "" : `: ${model.reason ?? "cannot be used now"}`}`;
  return (
    <Field label={label} error={error} hint={hint} className={className}>
      {(ids) => <Input {...ids} required={required} list={LIST} spellCheck={false} autoComplete="off" placeholder="Search by name or provider" value={value} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}
