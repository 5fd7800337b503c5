import { useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, ExternalLink, RefreshCw } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input } from "@/components/ui/field";
import { Card, LoadFault, Section, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { api, messageOf, sentence } from "@/lib/api/client";
import type { Provider } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { modelsKey } from "@/lib/models";
import { useSession } from "@/lib/session";
import { toast } from "@/lib/toast";

const providersKey = ["providers"] as const;

export default function ProvidersPage() {
  const { data, error, refetch } = useQuery({ queryKey: providersKey, queryFn: async () => (await api.get<{ items: Provider[] }>("/providers")).items });
  const [connecting, setConnecting] = useState<Provider | null>(null);
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
                    <Connected key={provider.provider} provider={provider} onChange={() => setConnecting(provider)} onRemove={() => setRemoving(provider)} />
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
                            : provider.needs_key
                              ? "Needs an API key"
                              : provider.default_base_url}
                        </p>
                      </div>
                      <Button size="sm" aria-label={`Connect ${provider.display_name}`} onClick={() => setConnecting(provider)}>
                        Connect
                      </Button>
                    </li>
                  ))}
                </ul>
              </Card>
            </Section>
          )}
        </>
      )}
      <Connect provider={connecting} onClose={() => setConnecting(null)} />
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

const sources = {
  environment: { name: "from the environment", hint: "Set where the server was started; change it there." },
  workspace: { name: "this workspace", hint: "" },
  platform: { name: "the platform’s", hint: "Provided by the operator of this installation." },
};

interface ConnectedProps {
  provider: Provider;
  onChange: () => void;
  onRemove: () => void;
}

function Connected({ provider, onChange, onRemove }: ConnectedProps) {
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
          {own && (
            <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Disconnect ${provider.display_name}`} onClick={onRemove}>
              Disconnect
            </Button>
          )}
        </div>
      </div>
      {connection.check_error && <Notice tone="danger">{sentence(connection.check_error)}</Notice>}
    </li>
  );
}

function Connect({ provider, onClose }: { provider: Provider | null; onClose: () => void }) {
  return (
    <Dialog open={provider !== null} onOpenChange={onClose} title={`Connect ${provider?.display_name}`}>
      {provider && <Form key={provider.provider} provider={provider} onClose={onClose} />}
    </Dialog>
  );
}

function Form({ provider, onClose }: { provider: Provider; onClose: () => void }) {
  const client = useQueryClient();
  const { user } = useSession();
  const known = provider.connection?.base_url;
  const stored = known && known !== provider.default_base_url ? known : null;
  const [shared, setShared] = useState(provider.connection?.source === "platform");
  const [key, setKey] = useState("");
  const [base, setBase] = useState(stored ?? "");
  const [more, setMore] = useState(!provider.needs_key || Boolean(stored));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const save = async () => {
    setBusy(true);
    setError("");
    try {
      await api.put(`/providers/${provider.provider}`, { api_key: key.trim() || undefined, base_url: base.trim() || undefined, shared: shared || undefined });
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
      <Field
        label={provider.needs_key ? "API key" : "API key (if the server asks for one)"}
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
      {more ? (
        <Field label="Address" hint="Leave it empty for the provider’s own.">
          {(ids) => <Input {...ids} type="url" placeholder={provider.default_base_url ?? "https://"} value={base} onChange={(event) => setBase(event.target.value)} />}
        </Field>
      ) : (
        <Button variant="link" size="bare" className="justify-self-start text-[13px]" onClick={() => setMore(true)}>
          Use another address
        </Button>
      )}
      {user.is_operator && !provider.local && (
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
