import { Field, Input, Select } from "@/components/ui/field";
import type { Vault } from "@/lib/api/types";
import { useSession } from "@/lib/session";
import { useCredentials } from "./queries";

/** Where Amazon is asked, and with which credential; '' is this installation's own identity. */
export interface AmazonAccount {
  region: string;
  access: string;
}

export const emptyAccount: AmazonAccount = { region: "", access: "" };

export function Account({ vault, account, onChange }: { vault: Vault; account: AmazonAccount; onChange: (account: AmazonAccount) => void }) {
  const { user } = useSession();
  const credentials = useCredentials(vault.id, false);
  const keys = credentials.items?.filter((credential) => credential.type === "aws") ?? [];
  return (
    <>
      <Field label="Region">
        {(ids) => <Input {...ids} required pattern="[a-z0-9\-]{3,50}" value={account.region} onChange={(event) => onChange({ ...account, region: event.target.value })} placeholder="eu-central-1" />}
      </Field>
      <Field label="Asked with" hint={keys.length === 0 && !user.is_operator ? "Store an AWS access key in this vault first." : undefined}>
        {(ids) => (
          <Select {...ids} required={!user.is_operator} value={account.access} onChange={(event) => onChange({ ...account, access: event.target.value })}>
            <option value="">{user.is_operator ? "This installation’s own identity" : "Choose an AWS access key"}</option>
            {keys.map((key) => (
              <option key={key.id} value={key.id}>
                {key.name}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </>
  );
}
