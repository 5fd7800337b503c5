import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, ExternalLink, RefreshCw } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Textarea } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { VaultField } from "@/components/vault-field";
import { api, messageOf, sentence } from "@/lib/api/client";
import type { Provider } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { modelsKey } from "@/lib/models";
import { useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { Health } from "./health";

const providersKey = ["providers"] as const;

/** A form that is open; `another`: for one more key. */
interface Connecting {
  provider: Provider;
  another: boolean;
}

export default function ProvidersPage() {
  const { data, error, refetch } = useQuery({ queryKey: providersKey, queryFn: async () => (await api.get<{ items: Provider[] }>("/providers")).items });
  const [connecting, setConnecting] = useState<Connecting | null>(null);
  const [removing, setRemoving] = useState<Provider | null>(null);
  const client = useQueryClient();
  const { user } = useSession();
  const connected = data?.filter((provider) => provider.connection) ?? [];
  const others = data?.filter((provider) => !provider.connection && (!provider.local || user.is_operator)) ?? [];

  return (
    <SettingsPage
      title="Providers"
      description="Connect the services whose models this workspace uses. A key is tried at once, sealed before it is stored, and never shown again."
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={6} />
      ) : (
        <>
          {connected.length > 0 && (
            <Section title="Connected">
              <Card>
                <ul className="divide-y">
                  {connected.map((provider) => (
                    <Connected
                      key={provider.provider}
                      provider={provider}
                      onChange={() => setConnecting({ provider, another: false })}
                      onAdd={() => setConnecting({ provider, another: true })}
                      onRemove={() => setRemoving(provider)}
                    />
                  ))}
                </ul>
              </Card>
            </Section>
          )}
          {others.length > 0 && (
            <Section title={connected.length ? "Not connected" : undefined}>
              <Card>
                <ul className="divide-y">
                  {others.map((provider) => (
                    <li key={provider.provider} className="flex items-center justify-between gap-4 px-5 py-3">
                      <div className="min-w-0">
                        <p className="text-sm font-medium">{provider.display_name}</p>
                        <p className="truncate text-[13px] text-ink-3">
                          {provider.detected
                            ? `Found on this machine at ${provider.detected}`
                            : needs(provider)}
                        </p>
                      </div>
                      <Button size="sm" aria-label={`Connect ${provider.display_name}`} onClick={() => setConnecting({ provider, another: false })}>
                        Connect
                      </Button>
                    </li>
                  ))}
                </ul>
              </Card>
            </Section>
          )}
          {connected.length > 0 && <Health />}
        </>
      )}
      <Connect connecting={connecting} onClose={() => setConnecting(null)} />
      <Confirm
        open={removing !== null}
        onOpenChange={(open) => !open && setRemoving(null)}
        title={`Disconnect ${removing?.display_name}?`}
        description="Its models are not available to this workspace from now on, and the stored key is destroyed."
        action="Disconnect"
        danger
        run={async () => {
          await api.delete(`/providers/${removing?.provider}`);
          await Promise.all([client.invalidateQueries({ queryKey: providersKey }), client.invalidateQueries({ queryKey: modelsKey })]);
        }}
      />
    </SettingsPage>
  );
}

/** What connecting takes, in a line. */
function needs(provider: Provider): string {
  if (provider.local) return provider.default_base_url;
  const required = provider.fields.filter((field) => field.required).map((field) => field.label.toLowerCase());
  if (provider.needs_key) return "Needs an API key";
  return required.length ? `Needs a ${required.join(" and a ")}` : "Needs an API key or other credentials";
}

const sources = {
  environment: { name: "from the environment", hint: "Set where the server was started; change it there." },
  workspace: { name: "this workspace", hint: "" },
  platform: { name: "the platform’s", hint: "Provided by the operator of this installation." },
};

interface ConnectedProps {
  provider: Provider;
  onChange: () => void;
  onAdd: () => void;
  onRemove: () => void;
}

/** Several keys of one provider: calls are spread over them. */
function Keys({ provider }: { provider: Provider }) {
  const client = useQueryClient();
  const remove = async (name: string) => {
    try {
      await api.delete(`/providers/${provider.provider}?name=${encodeURIComponent(name)}`);
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await client.invalidateQueries({ queryKey: providersKey });
  };
  return (
    <ul className="grid gap-1 text-[13px] text-ink-3" aria-label={`Keys of ${provider.display_name}`}>
      {provider.connection!.keys.map((key) => (
        <li key={key.name} className="flex flex-wrap items-center gap-2">
          <span className="font-medium text-ink-2">{key.name}</span>
          {key.hint && <span className="font-mono">{key.hint}</span>}
          {key.check_error && <Badge tone="danger">failing</Badge>}
          <Button variant="link" size="bare" className="text-[13px]" aria-label={`Remove the key ${key.name}`} onClick={() => remove(key.name)}>
            Remove
          </Button>
        </li>
      ))}
    </ul>
  );
}

function Connected({ provider, onChange, onAdd, onRemove }: ConnectedProps) {
  const client = useQueryClient();
  const [checking, setChecking] = useState(false);
  const connection = provider.connection!;
  const source = sources[connection.source];
  const { user } = useSession();
  const own = connection.source === "workspace" || (connection.source === "platform" && user.is_operator);
  const check = async () => {
    setChecking(true);
    try {
      await api.post(`/providers/${provider.provider}/check`);
      toast(`${provider.display_name} answers.`, { kind: "success" });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    } finally {
      setChecking(false);
      await Promise.all([client.invalidateQueries({ queryKey: providersKey }), client.invalidateQueries({ queryKey: modelsKey })]);
    }
  };
  return (
    <li className="grid gap-2.5 px-5 py-4">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <p className="flex flex-wrap items-center gap-2 text-sm font-medium">
            {provider.display_name}
            {connection.check_error ? (
              <Badge tone="danger">
                <CircleAlert aria-hidden className="size-3" />
                failing
              </Badge>
            ) : !connection.is_active ? (
              <Badge tone="warn">off</Badge>
            ) : (
              <Badge tone="good">
                <CircleCheck aria-hidden className="size-3" />
                connected
              </Badge>
            )}
            <Badge>{source.name}</Badge>
          </p>
          <p className="mt-0.5 text-[13px] text-ink-3">
            {connection.hint && <span className="font-mono">{connection.hint}</span>}
            {connection.hint && " · "}
            {connection.base_url && connection.base_url !== provider.default_base_url && `${connection.base_url} · `}
            {Object.entries(connection.settings)
              .map(([name, value]) => `${provider.fields.find((field) => field.name === name)?.label ?? name}: ${value} · `)
              .join("")}
            checked {formatAgo(connection.checked_at)}
            {source.hint && ` · ${source.hint}`}
          </p>
        </div>
        <div className="flex gap-1.5">
          <Button size="sm" variant="ghost" busy={checking} aria-label={`Check ${provider.display_name}`} onClick={check}>
            {!checking && <RefreshCw className="size-3.5" />}
            Check
          </Button>
          <Button size="sm" aria-label={`${own ? "Change" : "Use another key for"} ${provider.display_name}`} onClick={onChange}>
            {own ? "Change" : "Own key"}
          </Button>
          {own && !provider.local && (
            <Button size="sm" aria-label={`Add a key to ${provider.display_name}`} onClick={onAdd}>
              Add key
            </Button>
          )}
          {own && (
            <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Disconnect ${provider.display_name}`} onClick={onRemove}>
              Disconnect
            </Button>
          )}
        </div>
      </div>
      {connection.check_error && <Notice tone="danger">{sentence(connection.check_error)}</Notice>}
      {own && connection.keys.length > 1 && <Keys provider={provider} />}
    </li>
  );
}

function Connect({ connecting, onClose }: { connecting: Connecting | null; onClose: () => void }) {
  const name = connecting?.provider.display_name;
  return (
    <Dialog open={connecting !== null} onOpenChange={onClose} title={connecting?.another ? `Another key for ${name}` : `Connect ${name}`}>
      {connecting && <Form key={connecting.provider.provider} {...connecting} onClose={onClose} />}
    </Dialog>
  );
}

function Form({ provider, another, onClose }: Connecting & { onClose: () => void }) {
  const client = useQueryClient();
  const { user } = useSession();
  const known = provider.connection?.base_url;
  const stored = known && known !== provider.default_base_url ? known : null;
  const [shared, setShared] = useState(provider.connection?.source === "platform");
  const [key, setKey] = useState("");
  const [credential, setCredential] = useState(another ? "" : (provider.connection?.credential ?? ""));
  const [ofVault, setOfVault] = useState(credential !== "");
  const [name, setName] = useState("");
  const [settings, setSettings] = useState<Record<string, string>>({ ...provider.connection?.settings });
  const [base, setBase] = useState(stored ?? "");
  const [more, setMore] = useState(provider.local || Boolean(stored));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const save = async () => {
    setBusy(true);
    setError("");
    try {
      await api.put(`/providers/${provider.provider}`, {
        api_key: ofVault ? undefined : key.trim() || undefined,
        credential: ofVault ? credential : undefined,
        base_url: base.trim() || undefined,
        shared: (shared && !ofVault) || undefined,
        settings: Object.fromEntries(Object.entries(settings).filter(([, value]) => value.trim())),
        name: another ? name.trim() : undefined,
      });
      await Promise.all([client.invalidateQueries({ queryKey: providersKey }), client.invalidateQueries({ queryKey: modelsKey })]);
      toast(`${provider.display_name} is connected.`, { kind: "success" });
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      {another && (
        <Field label="Name" hint="Tells this key from the others. Calls are spread over all of them.">
          {(ids) => <Input {...ids} required maxLength={50} pattern="[a-zA-Z0-9 ._\-]+" value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
      )}
      {ofVault ? (
        <VaultField value={credential} onChange={setCredential} />
      ) : (
      <Field
        label={provider.needs_key ? "API key" : provider.local ? "API key (if the server asks for one)" : "API key (if you have one)"}
        hint={
          provider.docs_url && (
            <a href={provider.docs_url} target="_blank" rel="noopener noreferrer" className="inline-flex items-center gap-1 text-accent underline underline-offset-3">
              Where to get one
              <ExternalLink aria-hidden className="size-3" />
            </a>
          )
        }
      >
        {(ids) => (
          <Input {...ids} type="password" autoComplete="off" spellCheck={false} required={provider.needs_key} value={key} onChange={(event) => setKey(event.target.value)} className="font-mono" />
        )}
      </Field>
      )}
      {!provider.local && (
        <Button variant="link" size="bare" className="justify-self-start text-[13px]" onClick={() => setOfVault(!ofVault)}>
          {ofVault ? "Enter a key instead" : "Use a credential of the vault"}
        </Button>
      )}
      {provider.fields.filter((field) => !ofVault || !field.secret).map((field) => (
        <SettingField key={field.name} field={field} value={settings[field.name] ?? ""} onChange={(value) => setSettings({ ...settings, [field.name]: value })} />
      ))}
      {more ? (
        <Field label="Address" hint="Leave it empty for the provider’s own.">
          {(ids) => <Input {...ids} type="url" placeholder={provider.default_base_url ?? "https://"} value={base} onChange={(event) => setBase(event.target.value)} />}
        </Field>
      ) : (
        <Button variant="link" size="bare" className="justify-self-start text-[13px]" onClick={() => setMore(true)}>
          Use another address
        </Button>
      )}
      {user.is_operator && !provider.local && !ofVault && (
        <Checkbox label="For every workspace of this platform" hint="Others then use it without seeing the key." checked={shared} onChange={(event) => setShared(event.target.checked)} />
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {busy ? "Trying the key" : "Test and save"}
        </Button>
      </DialogActions>
    </form>
  );
}

interface SettingFieldProps {
  field: Provider["fields"][number];
  value: string;
  onChange: (value: string) => void;
}

/** One of the fields that the provider asks for besides key and address. */
function SettingField({ field, value, onChange }: SettingFieldProps) {
  return (
    <Field label={field.label} hint={field.hint || undefined}>
      {(ids) =>
        field.lines ? (
          <Textarea {...ids} rows={4} required={field.required} autoComplete="off" spellCheck={false} className="font-mono text-[13px]" value={value} onChange={(event) => onChange(event.target.value)} />
        ) : (
          <Input
            {...ids}
            type={field.secret ? "password" : "text"}
            required={field.required}
            autoComplete="off"
            spellCheck={false}
            placeholder={field.default}
            className={field.secret ? "font-mono" : undefined}
            value={value}
            onChange={(event) => onChange(event.target.value)}
          />
        )
      }
    </Field>
  );
}
