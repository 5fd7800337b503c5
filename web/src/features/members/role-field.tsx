import { Field, Select } from "@/components/ui/field";
import type { Role } from "@/lib/api/types";
import { isOwner, useSession } from "@/lib/session";
import { roles } from "./roles";

/** A role to give: an owner alone makes owners. */
export function RoleField({ value, onChange }: { value: Role; onChange: (role: Role) => void }) {
  const session = useSession();
  return (
    <Field label="Role" hint={roles.find((item) => item.role === value)?.hint}>
      {(ids) => (
        <Select {...ids} value={value} onChange={(event) => onChange(event.target.value as Role)}>
          {roles
            .filter((item) => item.role !== "owner" || isOwner(session))
            .map((item) => (
              <option key={item.role} value={item.role}>
                {item.name}
              </option>
            ))}
        </Select>
      )}
    </Field>
  );
}
