import { useMemo } from "react";
import { Select } from "@/components/ui/field";
import { providerName, useModels } from "@/lib/models";

interface Props {
  ids?: { id: string };
  none: string;
  value: string;
  disabled?: boolean;
  onChange: (provider: string) => void;
}

/** The providers whose models are on offer; those that can be used first. */
export function ProviderSelect({ ids, none, value, disabled, onChange }: Props) {
  const { data } = useModels();
  const providers = useMemo(() => {
    const ready = new Map<string, boolean>();
    for (const model of data ?? []) if (model.id !== "auto") ready.set(model.provider, (ready.get(model.provider) ?? false) || model.available);
    if (value && !ready.has(value)) ready.set(value, false);
    return [...ready].sort((a, b) => Number(b[1]) - Number(a[1]) || providerName(a[0]).localeCompare(providerName(b[0])));
  }, [data, value]);
  return (
    <Select {...ids} disabled={disabled} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{none}</option>
      {providers.map(([provider, ready]) => (
        <option key={provider} value={provider}>
          {providerName(provider)}
          {ready ? "" : " (not connected)"}
        </option>
      ))}
    </Select>
  );
}
