import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { MadeApiKey, Scope } from "@/lib/api/types";
import { isAdmin, useSession } from "@/lib/session";
import { Snippets } from "./snippets";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

export function NewKey({ open, onOpenChange }: Props) {
  const [made, setMade] = useState<MadeApiKey | null>(null);
  const close = () => {
    onOpenChange(false);
    setMade(null);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      sticky={made !== null}
      title={made ? "Copy your key now" : "New API key"}
      description={made ? "It is shown this once. RADIANT keeps only a hash of it." : "Give it the least that its program needs."}
      className={made ? "w-[min(94vw,40rem)]" : undefined}
    >
      {made ? (
        <div className="grid min-w-0 gap-4">
          <Snippet text={made.secret} label="API key" />
          <p className="text-sm font-medium">Try it</p>
          <Snippets secret={made.secret} />
          <DialogActions>
            <Button variant="primary" onClick={close}>
              I have copied it
            </Button>
          </DialogActions>
        </div>
      ) : (
        <Form onMade={setMade} onCancel={close} />
      )}
    </Dialog>
  );
}

const scopes: { scope: Scope; label: string; hint: string; admin?: boolean }[] = [
  { scope: "inference", label: "Inference", hint: "Ask models, through /v1 and the API." },
  { scope: "read", label: "Read", hint: "Read your chats, files, models and usage." },
  { scope: "write", label: "Write", hint: "Change your chats and files." },
  { scope: "memory", label: "Memory", hint: "Search, add to and forget what RADIANT knows of you, from MCP clients." },
  { scope: "documents", label: "Documents", hint: "Search your documents and your workspace's, from MCP clients." },
  { scope: "admin", label: "Admin", hint: "Manage members, providers and keys.", admin: true },
];

const lifetimes = [
  { days: 30, label: "30 days" },
  { days: 90, label: "90 days" },
  { days: 365, label: "1 year" },
  { days: 0, label: "Never" },
];

interface FormProps {
  onMade: (key: MadeApiKey) => void;
  onCancel: () => void;
}

function Form({ onMade, onCancel }: FormProps) {
  const session = useSession();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<Scope[]>(["inference"]);
  const [days, setDays] = useState(90);
  const [dollars, setDollars] = useState("");
  const [requests, setRequests] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");

  const make = async () => {
    setBusy(true);
    setError("");
    try {
      const expires = days ? new Date(Date.now() + days * 86_400_000).toISOString() : null;
      const made = await api.post<MadeApiKey>("/keys", { name: name.trim(), scopes: chosen, expires_at: expires });
      // Before its secret is shown: a key that is seen is bound already.
      const whom = { scope: "api_key", api_key_id: made.id };
      if (dollars) await api.post("/budgets", { ...whom, period: "month", amount: dollars, warn_at: "0.8" });
      if (requests) await api.post("/limits", { ...whom, meter: "requests", period: "minute", amount: Number(requests) });
      onMade(made);
      for (const queryKey of [["keys"], ["budgets"], ["limits"]]) await client.invalidateQueries({ queryKey });
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };

  return (
    <form
      className="grid gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Name" hint="What will use it, so that you know it again.">
        {(ids) => <Input {...ids} required maxLength={100} placeholder="my laptop" value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <fieldset className="grid gap-3">
        <legend className="mb-2 text-[13px] font-medium">Scopes</legend>
        {scopes
          .filter((item) => !item.admin || isAdmin(session))
          .map(({ scope, label, hint }) => (
            <Checkbox
              key={scope}
              label={label}
              hint={hint}
              checked={chosen.includes(scope)}
              onChange={(event) => setChosen(event.target.checked ? [...chosen, scope] : chosen.filter((other) => other !== scope))}
            />
          ))}
      </fieldset>
      <Field label="Expires">
        {(ids) => (
          <Select {...ids} value={days} onChange={(event) => setDays(Number(event.target.value))}>
            {lifetimes.map((lifetime) => (
              <option key={lifetime.days} value={lifetime.days}>
                {lifetime.label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {isAdmin(session) && chosen.includes("inference") && (
        <div className="grid gap-5 sm:grid-cols-2">
          <Field label="Dollars a month" hint="Empty: no budget of its own.">
            {(ids) => <Input {...ids} type="number" min="0" step="any" inputMode="decimal" value={dollars} onChange={(event) => setDollars(event.target.value)} />}
          </Field>
          <Field label="Requests a minute" hint="Empty: no limit of its own.">
            {(ids) => <Input {...ids} type="number" min="0" step="1" inputMode="numeric" value={requests} onChange={(event) => setRequests(event.target.value)} />}
          </Field>
        </div>
      )}
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!name.trim() || chosen.length === 0}>
          Make the key
        </Button>
      </DialogActions>
    </form>
  );
}
