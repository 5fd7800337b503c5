import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, X } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { GivenRole, SsoSettings, SsoState } from "@/lib/api/types";
import { isOwner, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { Provisioning } from "./provisioning";

const ssoKey = ["sso"] as const;
const given: GivenRole[] = ["viewer", "member", "admin"];

export default function SsoPage() {
  const { data, error, refetch } = useQuery({ queryKey: ssoKey, queryFn: () => api.get<SsoState>("/sso") });
  return (
    <SettingsPage title="Single sign-on" description="Let people sign in with your organization’s identity provider, by OpenID Connect.">
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={5} />
      ) : (
        <>
          <Section title="What to enter at the provider" description="Register a web application there, with this address to send people back to.">
            <Snippet text={data.redirect_uri} label="Redirect URI" />
          </Section>
          <Connection key={data.connection?.updated_at ?? "new"} stored={data.connection} />
          <Provisioning />
        </>
      )}
    </SettingsPage>
  );
}

function Connection({ stored }: { stored: SsoSettings | null }) {
  const client = useQueryClient();
  const session = useSession();
  const mayChange = isOwner(session);
  const [form, setForm] = useState({
    issuer: stored?.issuer ?? "",
    client_id: stored?.client_id ?? "",
    client_secret: "",
    allowed_domains: stored?.allowed_domains.join(", ") ?? "",
    default_role: stored?.default_role ?? ("member" as GivenRole),
    groups_claim: stored?.groups_claim ?? "groups",
    extra_scopes: stored?.extra_scopes ?? "",
    creates_people: stored?.creates_people ?? true,
    required: stored?.required ?? false,
    is_active: stored?.is_active ?? true,
  });
  const [groups, setGroups] = useState<[string, GivenRole][]>(Object.entries(stored?.group_roles ?? {}));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const [removing, setRemoving] = useState(false);
  const set = <K extends keyof typeof form>(name: K, value: (typeof form)[K]) => setForm((now) => ({ ...now, [name]: value }));

  const save = async () => {
    setBusy(true);
    setError("");
    try {
      await api.put("/sso", {
        ...form,
        client_secret: form.client_secret || (stored?.has_secret ? null : ""),
        allowed_domains: form.allowed_domains.split(/[\s,]+/).filter(Boolean),
        group_roles: Object.fromEntries(groups.filter(([name]) => name.trim())),
      });
      await client.invalidateQueries({ queryKey: ssoKey });
      toast("Saved. Try it in another browser before you sign out here.", { kind: "success" });
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className="grid gap-8"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {!mayChange && <Notice>Owners alone change this: whoever names the provider names everybody.</Notice>}
      {error && <Notice tone="danger">{error}</Notice>}
      <fieldset disabled={!mayChange} className="contents">
        <Section title="Provider">
          <Card className="grid gap-4 p-5 sm:grid-cols-2">
            <Field label="Issuer" className="sm:col-span-2" hint="Its address, for example https://accounts.google.com">
              {(ids) => <Input {...ids} type="url" required value={form.issuer} onChange={(event) => set("issuer", event.target.value)} />}
            </Field>
            <Field label="Client ID">{(ids) => <Input {...ids} required value={form.client_id} onChange={(event) => set("client_id", event.target.value)} />}</Field>
            <Field label="Client secret" hint={stored?.has_secret ? "Stored, sealed. Leave it empty to keep it." : "Leave it empty for a public client."}>
              {(ids) => <Input {...ids} type="password" autoComplete="off" value={form.client_secret} onChange={(event) => set("client_secret", event.target.value)} />}
            </Field>
            <Field label="Further scopes" hint="Besides openid, email and profile.">
              {(ids) => <Input {...ids} value={form.extra_scopes} onChange={(event) => set("extra_scopes", event.target.value)} />}
            </Field>
          </Card>
        </Section>
        <Section title="Who gets in">
          <Card className="grid gap-4 p-5">
            <Field label="E-mail domains" hint="Separated by commas. Empty: every address that the provider has verified.">
              {(ids) => <Input {...ids} value={form.allowed_domains} onChange={(event) => set("allowed_domains", event.target.value)} />}
            </Field>
            <Field label="Role of newcomers" className="max-w-60">
              {(ids) => <RoleSelect {...ids} value={form.default_role} onChange={(role) => set("default_role", role)} />}
            </Field>
            <Checkbox label="Make accounts for newcomers" hint="Otherwise only people who are members already get in." checked={form.creates_people} onChange={(event) => set("creates_people", event.target.checked)} />
            <Checkbox label="Sign in by the provider alone" hint="Passwords and passkeys then work for owners only, so that nobody is locked out when the provider fails." checked={form.required} onChange={(event) => set("required", event.target.checked)} />
            <Checkbox label="In use" checked={form.is_active} onChange={(event) => set("is_active", event.target.checked)} />
          </Card>
        </Section>
        <Section title="Roles by group" description="Looked at again at each sign-in. Without a line here, roles are set on the Members page. Owners are never changed.">
          <Card className="grid gap-3 p-5">
            <Field label="Claim that lists the groups" className="max-w-60">
              {(ids) => <Input {...ids} required value={form.groups_claim} onChange={(event) => set("groups_claim", event.target.value)} />}
            </Field>
            {groups.map(([name, role], index) => (
              <div key={index} className="flex items-center gap-2">
                <Input aria-label={`Group ${index + 1}`} className="min-w-0 flex-1" value={name} onChange={(event) => setGroups(groups.with(index, [event.target.value, role]))} />
                <RoleSelect aria-label={`Role of group ${index + 1}`} value={role} onChange={(next) => setGroups(groups.with(index, [name, next]))} />
                <Button variant="ghost" size="icon" aria-label={`Take group ${index + 1} away`} onClick={() => setGroups(groups.toSpliced(index, 1))}>
                  <X className="size-4" />
                </Button>
              </div>
            ))}
            <Button size="sm" className="justify-self-start" onClick={() => setGroups([...groups, ["", "member"]])}>
              <Plus className="size-4" />
              Add a group
            </Button>
          </Card>
        </Section>
        {mayChange && (
          <div className="flex flex-wrap justify-between gap-3">
            <Button type="submit" variant="primary" busy={busy}>
              Ask the provider and save
            </Button>
            {stored && (
              <Button variant="ghost" className="text-danger hover:text-danger" onClick={() => setRemoving(true)}>
                Disconnect
              </Button>
            )}
          </div>
        )}
      </fieldset>
      <Confirm
        open={removing}
        onOpenChange={setRemoving}
        title="Disconnect the identity provider?"
        description="People who have no password or passkey cannot sign in until an admin gives them one. Their accounts stay."
        action="Disconnect"
        danger
        run={async () => {
          await api.delete("/sso");
          await client.invalidateQueries({ queryKey: ssoKey });
        }}
      />
    </form>
  );
}

interface RoleSelectProps {
  id?: string;
  "aria-label"?: string;
  value: GivenRole;
  onChange: (role: GivenRole) => void;
}

const RoleSelect = ({ value, onChange, ...ids }: RoleSelectProps) => (
  <Select {...ids} className="w-32" value={value} onChange={(event) => onChange(event.target.value as GivenRole)}>
    {given.map((role) => (
      <option key={role} value={role}>
        {role.charAt(0).toUpperCase() + role.slice(1)}
      </option>
    ))}
  </Select>
);
