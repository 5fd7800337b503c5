import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input } from "@/components/ui/field";
import { Badge, Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { ImportedSecret, ListedSecret, ListedSecrets, Vault } from "@/lib/api/types";
import { Account, type AmazonAccount, emptyAccount } from "./account";
import { useRefresh } from "./queries";
import { typeNames } from "./words";

const MOST = 100;

/** Import from AWS Secrets Manager: where, which, what that would make, and then it. */
export function SecretsImport({ vault, onClose }: { vault: Vault; onClose: () => void }) {
  const refresh = useRefresh();
  const [account, setAccount] = useState<AmazonAccount>(emptyAccount);
  const [prefix, setPrefix] = useState("");
  const [found, setFound] = useState<ListedSecret[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [picked, setPicked] = useState<string[]>([]);
  const [names, setNames] = useState<Record<string, string>>({});
  const [outcome, setOutcome] = useState<ImportedSecret[] | null>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const where = { vault_id: vault.id, region: account.region.trim(), access_credential_id: account.access || null };

  const run = async (what: () => Promise<void>) => {
    setBusy(true);
    setError("");
    try {
      await what();
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
    }
  };
  const list = (after: string | null) =>
    run(async () => {
      const page = await api.post<ListedSecrets>("/credentials/secrets-manager/secrets", { ...where, prefix: prefix.trim(), after });
      setFound(after ? [...(found ?? []), ...page.items] : page.items);
      setNext(page.next);
    });
  const bring = (dry_run: boolean) =>
    run(async () => {
      const wanted = outcome ? outcome.filter((item) => item.outcome === "would-import" || names[item.secret_id]).map((item) => item.secret_id) : picked;
      const secrets = wanted.map((secret_id) => ({ secret_id, name: names[secret_id]?.trim() || null }));
      const { items } = await api.post<{ items: ImportedSecret[] }>("/credentials/secrets-manager/import", { ...where, secrets, dry_run });
      setOutcome(items);
      if (!dry_run) await refresh();
    });
  const done = outcome?.some((item) => item.outcome === "imported") ?? false;
  const could = outcome?.filter((item) => item.outcome === "would-import").length ?? 0;

  return (
    <Dialog open onOpenChange={onClose} title="Import from AWS Secrets Manager" className="w-[min(94vw,40rem)]">
      {error && <Notice tone="danger">{error}</Notice>}
      {outcome ? (
        <Outcome items={outcome} names={names} onName={(id, name) => setNames({ ...names, [id]: name })} />
      ) : found ? (
        <fieldset className="grid gap-2">
          <legend className="mb-2 text-[13px] font-medium">
            {found.length === 0 ? "There are no such secrets." : `Which of these ${found.length} secrets`}
          </legend>
          {found.length > 0 && (
            <Checkbox label="All of them" disabled={found.length > MOST} hint={found.length > MOST ? `At most ${MOST} at a time.` : undefined} checked={picked.length === found.length} onChange={(event) => setPicked(event.target.checked ? found.map((secret) => secret.arn) : [])} />
          )}
          {found.map((secret) => (
            <Checkbox
              key={secret.arn}
              label={secret.name}
              hint={secret.description || undefined}
              checked={picked.includes(secret.arn)}
              onChange={(event) => setPicked(event.target.checked ? [...picked, secret.arn] : picked.filter((arn) => arn !== secret.arn))}
            />
          ))}
          {next && (
            <Button size="sm" className="justify-self-start" busy={busy} onClick={() => void list(next)}>
              Show more
            </Button>
          )}
        </fieldset>
      ) : (
        <form
          id="where"
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void list(null);
          }}
        >
          <Account vault={vault} account={account} onChange={setAccount} />
          <Field label="Names that begin with (optional)">{(ids) => <Input {...ids} maxLength={256} value={prefix} onChange={(event) => setPrefix(event.target.value)} placeholder="prod/" />}</Field>
        </form>
      )}
      <DialogActions>
        {done ? (
          <Button variant="primary" onClick={onClose}>
            Done
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>Cancel</Button>
            {outcome ? (
              <>
                <Button busy={busy} onClick={() => void bring(true)}>
                  Look again
                </Button>
                <Button variant="primary" busy={busy} disabled={could === 0} onClick={() => void bring(false)}>
                  Import {could}
                </Button>
              </>
            ) : found ? (
              <Button variant="primary" busy={busy} disabled={picked.length === 0 || picked.length > MOST} onClick={() => void bring(true)}>
                See what that makes
              </Button>
            ) : (
              <Button type="submit" form="where" variant="primary" busy={busy}>
                List the secrets
              </Button>
            )}
          </>
        )}
      </DialogActions>
    </Dialog>
  );
}

const outcomeTones = { imported: "good", "would-import": "accent", refused: "danger" } as const;
const outcomeWords = { imported: "imported", "would-import": "can be imported", refused: "cannot" } as const;

function Outcome({ items, names, onName }: { items: ImportedSecret[]; names: Record<string, string>; onName: (id: string, name: string) => void }) {
  return (
    <ul className="divide-y rounded-xl border">
      {items.map((item) => (
        <li key={item.secret_id} className="grid gap-1 px-4 py-3 text-sm">
          <p className="flex flex-wrap items-center gap-2 font-medium [overflow-wrap:anywhere]">
            {item.name ?? item.secret_id} <Badge tone={outcomeTones[item.outcome]}>{outcomeWords[item.outcome]}</Badge>
          </p>
          {item.type && (
            <p className="text-[13px] text-ink-3">
              {typeNames[item.type] ?? item.type}
              {item.fields?.length ? `: ${item.fields.join(", ")}` : ""}
              {item.versions === 2 && " · with the version before"}
              {item.binary && ` · ${item.bytes} bytes`}
            </p>
          )}
          {item.problem && <p className="text-[13px] text-danger">{item.problem}</p>}
          {item.outcome === "refused" && item.type && <Input aria-label={`Another name for ${item.name ?? item.secret_id}`} placeholder="Another name" maxLength={100} value={names[item.secret_id] ?? ""} onChange={(event) => onName(item.secret_id, event.target.value)} />}
        </li>
      ))}
    </ul>
  );
}
