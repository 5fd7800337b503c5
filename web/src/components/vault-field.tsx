import { useQuery } from "@tanstack/react-query";
import { Field, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Credential, Vault } from "@/lib/api/types";

interface Props {
  value: string;
  onChange: (credential: string) => void;
  label?: string;
  hint?: string;
  /** What choosing none means; without it one has to be chosen. */
  none?: string;
}

/** Chooses a credential of the vaults that the caller may use, in place of a key. */
export function VaultField({ value, onChange, label = "Credential", hint = "The key is taken from the vault at each use, and follows when it is rotated.", none }: Props) {
  const { data, error } = useQuery({ queryKey: ["providers", "credentials"], queryFn: usable });
  if (error) return <Notice tone="danger">{messageOf(error)}</Notice>;
  return (
    <Field label={label} hint={data?.length === 0 ? "None is yours to use: an owner of a vault gives you a role there." : hint}>
      {(ids) => (
        <Select {...ids} required={none === undefined} value={value} onChange={(event) => onChange(event.target.value)}>
          <option value="">{data ? (none ?? "Choose one") : "Loading"}</option>
          {data?.map((credential) => (
            <option key={credential.id} value={credential.id}>
              {credential.vault_name}: {credential.name}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
}

async function usable(): Promise<Credential[]> {
  const vaults = (await api.get<{ items: Vault[] }>("/credentials/vaults", { query: { limit: 200 } })).items;
  const mine = vaults.filter((vault) => vault.may.includes("use"));
  const pages = await Promise.all(mine.map((vault) => api.get<{ items: Credential[] }>(`/credentials/vaults/${vault.id}/credentials`, { query: { limit: 200 } })));
  return pages.flatMap((page) => page.items).filter((credential) => credential.is_active && !credential.is_expired);
}
