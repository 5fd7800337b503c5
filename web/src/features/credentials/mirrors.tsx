import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Card, LoadFault, Section } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Credential, CredentialMirror, Vault } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { Account, type AmazonAccount, emptyAccount } from "./account";
import { useChange, useMirrors, useRefresh } from "./queries";

/** Secrets of AWS Secrets Manager that follow the credential. */
export function Mirrors({ credential, vault }: { credential: Credential; vault: Vault }) {
  const { data, error, refetch } = useMirrors(credential.id);
  const [adding, setAdding] = useState(false);
  const push = useChange((mirror: CredentialMirror) => api.post(`/credentials/${credential.id}/mirrors/${mirror.id}/push`), "It is pushed within seconds.");
  const remove = useChange((mirror: CredentialMirror) => api.delete(`/credentials/${credential.id}/mirrors/${mirror.id}`), "It is pushed there no more. What is there stays.");
  const may = vault.may.includes("write");
  const mayAdd = may && vault.may.includes("reveal");
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data || (data.length === 0 && !mayAdd)) return null;
  return (
    <Section
      title="AWS Secrets Manager"
      description="The current version is pushed there, now and after each rotation."
      action={
        mayAdd && (
          <Button size="sm" onClick={() => setAdding(true)}>
            Add a mirror
          </Button>
        )
      }
    >
      {data.length > 0 && (
        <Card>
          <ul className="divide-y">
            {data.map((mirror) => (
              <li key={mirror.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-5 py-3">
                <div className="min-w-0 text-sm">
                  <p className="flex flex-wrap items-center gap-2 font-medium [overflow-wrap:anywhere]">
                    {mirror.secret_id} <State mirror={mirror} current={credential.current_version} />
                  </p>
                  <p className="text-[13px] text-ink-3">
                    {mirror.region} · {mirror.pushed_at ? `version ${mirror.pushed_version ?? "?"} pushed ${formatAgo(mirror.pushed_at)}` : "not pushed yet"}
                  </p>
                  {mirror.error && <p className="text-[13px] text-danger [overflow-wrap:anywhere]">{mirror.error}</p>}
                </div>
                {may && (
                  <div className="flex gap-1.5">
                    <Button size="sm" variant="ghost" aria-label={`Push ${mirror.secret_id} again`} onClick={() => push.mutate(mirror)}>
                      Push again
                    </Button>
                    <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Remove the mirror ${mirror.secret_id}`} onClick={() => remove.mutate(mirror)}>
                      Remove
                    </Button>
                  </div>
                )}
              </li>
            ))}
          </ul>
        </Card>
      )}
      {adding && <NewMirror credential={credential} vault={vault} onClose={() => setAdding(false)} />}
    </Section>
  );
}

function State({ mirror, current }: { mirror: CredentialMirror; current: number }) {
  if (mirror.failures > 0) return <Badge tone="danger">failing</Badge>;
  if (mirror.pushed_version !== current) return <Badge tone="warn">behind</Badge>;
  if (mirror.drift === "changed") return <Badge tone="danger">changed there by somebody else</Badge>;
  if (mirror.drift === "missing") return <Badge tone="danger">missing there</Badge>;
  return <Badge tone="good">in step</Badge>;
}

function NewMirror({ credential, vault, onClose }: { credential: Credential; vault: Vault; onClose: () => void }) {
  const refresh = useRefresh();
  const [account, setAccount] = useState<AmazonAccount>(emptyAccount);
  const [secret, setSecret] = useState(credential.name);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const save = async () => {
    setBusy(true);
    setError("");
    try {
      await api.post(`/credentials/${credential.id}/mirrors`, { region: account.region.trim(), access_credential_id: account.access || null, secret_id: secret.trim() });
      await refresh();
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={onClose} title={`Mirror ${credential.name}`} description="Whoever may read that secret in AWS is shown the value there.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {error && <Notice tone="danger">{error}</Notice>}
        <Field label="Secret" hint="Its name or ARN. One that is missing is made.">
          {(ids) => <Input {...ids} required autoFocus maxLength={2048} value={secret} onChange={(event) => setSecret(event.target.value)} />}
        </Field>
        <Account vault={vault} account={account} onChange={setAccount} />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Mirror it
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
