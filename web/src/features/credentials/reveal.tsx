import { Copy, Eye, EyeOff } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Credential, RevealedValue, Vault } from "@/lib/api/types";
import { useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { useLatest } from "@/lib/use-latest";
import { copyFleeting, SHOWN_SECONDS } from "./fleeting";
import { useRefresh, useRequests } from "./queries";
import { fieldName } from "./words";

/** Asks why, then shows a value for a while or copies it without showing it. Where that takes two, asks another first. */
export function Reveal({ credential, vault, onClose }: { credential: Credential; vault: Vault; onClose: () => void }) {
  const { user } = useSession();
  const refresh = useRefresh();
  const requests = useRequests();
  const [reason, setReason] = useState("");
  const [shown, setShown] = useState<Record<string, string> | null>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const mine = requests.items?.filter((request) => request.credential_id === credential.id && request.requested_by === user.id) ?? [];
  const approved = mine.find((request) => request.state === "approved");
  const waiting = mine.find((request) => request.state === "pending");
  const needsAsking = vault.second_person && !approved;

  const run = async (what: () => Promise<unknown>) => {
    setBusy(true);
    setError("");
    try {
      await what();
    } catch (fault) {
      setError(messageOf(fault));
    } finally {
      setBusy(false);
      await refresh();
    }
  };
  const read = async () => {
    const revealed = await api.post<RevealedValue>(`/credentials/${credential.id}/reveal`, { reason: reason.trim(), request_id: approved?.id ?? null });
    return textsOf(revealed);
  };
  const copy = () =>
    run(async () => {
      const texts = await read();
      const names = Object.keys(texts);
      if (await copyFleeting(names.length === 1 ? texts[names[0]!]! : JSON.stringify(texts))) onClose();
    });
  const ask = () =>
    run(async () => {
      await api.post(`/credentials/${credential.id}/reveal-requests`, { reason: reason.trim() });
      toast("Asked. You are shown it once somebody approves.", { kind: "success" });
    });

  return (
    <Dialog open onOpenChange={onClose} title={shown ? credential.name : `Show ${credential.name}`} description={shown ? undefined : "Your name and reason go into the access log."}>
      {shown ? (
        <Shown texts={shown} onOver={onClose} />
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void (needsAsking ? ask() : run(async () => setShown(await read())));
          }}
        >
          {error && <Notice tone="danger">{error}</Notice>}
          {vault.second_person &&
            (approved ? (
              <Notice tone="good">Approved: it can be shown once.</Notice>
            ) : (
              <Notice>{waiting ? "You asked already; nobody has approved yet." : "In this vault showing a value takes another person’s approval."}</Notice>
            ))}
          <Field label="Reason">{(ids) => <Input {...ids} required autoFocus minLength={3} maxLength={1000} value={reason} onChange={(event) => setReason(event.target.value)} placeholder="What you need it for" />}</Field>
          <DialogActions>
            {needsAsking ? (
              <Button type="submit" variant="primary" busy={busy} disabled={reason.trim().length < 3 || waiting !== undefined}>
                Ask for approval
              </Button>
            ) : (
              <>
                <Button type="submit" disabled={busy || reason.trim().length < 3}>
                  <Eye className="size-4" />
                  Show
                </Button>
                <Button variant="primary" busy={busy} disabled={reason.trim().length < 3} onClick={() => void copy()}>
                  {!busy && <Copy className="size-4" />}
                  Copy without showing
                </Button>
              </>
            )}
          </DialogActions>
        </form>
      )}
    </Dialog>
  );
}

function Shown({ texts, onOver }: { texts: Record<string, string>; onOver: () => void }) {
  const [end] = useState(() => Date.now() + SHOWN_SECONDS * 1000);
  const [left, setLeft] = useState(SHOWN_SECONDS);
  const over = useLatest(onOver);
  useEffect(() => {
    // By the clock and not by counting: a tab in the background is woken seldom.
    const timer = setInterval(() => {
      const seconds = Math.ceil((end - Date.now()) / 1000);
      if (seconds <= 0) over();
      else setLeft(seconds);
    }, 500);
    return () => clearInterval(timer);
  }, [end, over]);
  return (
    <div className="grid gap-4">
      {Object.entries(texts).map(([name, text]) => (
        <div key={name} className="grid gap-1">
          <p className="text-[13px] font-medium">{fieldName(name)}</p>
          <div className="flex min-w-0 items-start gap-1 rounded-lg border bg-code py-1 pr-1 pl-3">
            <pre tabIndex={0} role="region" aria-label={fieldName(name)} className="max-h-48 min-w-0 flex-1 overflow-auto py-1.5 font-mono text-[12.5px] whitespace-pre-wrap [overflow-wrap:anywhere]">
              {text}
            </pre>
            <Button variant="ghost" size="icon" aria-label={`Copy ${fieldName(name).toLowerCase()}`} onClick={() => void copyFleeting(text)}>
              <Copy className="size-4" />
            </Button>
          </div>
        </div>
      ))}
      <DialogActions>
        <p className="mr-auto self-center text-[13px] text-ink-3 tabular-nums">Hidden again in {left} s</p>
        <Button onClick={onOver}>
          <EyeOff className="size-4" />
          Hide now
        </Button>
      </DialogActions>
    </div>
  );
}

function textsOf(revealed: RevealedValue): Record<string, string> {
  if (revealed.fields) return Object.fromEntries(Object.entries(revealed.fields).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]));
  return { value: revealed.value ?? revealed.value_base64 ?? "" };
}
