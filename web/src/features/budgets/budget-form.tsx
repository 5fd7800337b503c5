import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Budget, Limit } from "@/lib/api/types";
import { everyone, whomName, WhomFields } from "./whom";

interface Props {
  /** "new", or the one to change; null: closed. */
  subject: "new" | Budget | null;
  close: () => void;
}

export function BudgetDialog({ subject, close }: Props) {
  const old = subject === "new" ? null : subject;
  return (
    <Dialog open={subject !== null} onOpenChange={close} title={old ? "Change the budget" : "New budget"} description={old ? whomName(old) : "Calls that have no room in it are refused before they cost anything."}>
      {subject && <BudgetForm key={old?.id ?? "new"} old={old} close={close} />}
    </Dialog>
  );
}

function BudgetForm({ old, close }: { old: Budget | null; close: () => void }) {
  const [whom, setWhom] = useState(everyone);
  const [period, setPeriod] = useState("month");
  const [amount, setAmount] = useState(old ? String(Number(old.amount)) : "");
  const [warn, setWarn] = useState(old?.warn_at ? String(Number(old.warn_at) * 100) : old ? "" : "80");
  const [active, setActive] = useState(old?.is_active ?? true);
  const save = useSave(["budgets"], close);
  const body = () => ({ amount, warn_at: warn ? String(Number(warn) / 100) : null, is_active: active });
  return (
    <form
      className="grid gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        void save.run(() => (old ? api.patch(`/budgets/${old.id}`, body()) : api.post("/budgets", { ...whom, period, ...body() })));
      }}
    >
      {save.error && <Notice tone="danger">{save.error}</Notice>}
      {!old && <WhomFields value={whom} onChange={setWhom} />}
      <div className="grid gap-5 sm:grid-cols-2">
        <Field label="Dollars">
          {(ids) => <Input {...ids} required type="number" min="0" step="any" inputMode="decimal" value={amount} onChange={(event) => setAmount(event.target.value)} />}
        </Field>
        {!old && (
          <Field label="For each">
            {(ids) => (
              <Select {...ids} value={period} onChange={(event) => setPeriod(event.target.value)}>
                <option value="day">Day (UTC)</option>
                <option value="month">Month (UTC)</option>
                <option value="total">In all</option>
              </Select>
            )}
          </Field>
        )}
      </div>
      <Field label="Warn at (%)" hint="From there on answers carry a warning, and the audit trail notes it once a period. Empty: never.">
        {(ids) => <Input {...ids} type="number" min="0.1" max="100" step="any" value={warn} onChange={(event) => setWarn(event.target.value)} />}
      </Field>
      {old && <Checkbox label="In force" hint="Switched off, it counts on and refuses nothing." checked={active} onChange={(event) => setActive(event.target.checked)} />}
      <DialogActions>
        <Button onClick={close}>Cancel</Button>
        <Button type="submit" variant="primary" busy={save.busy}>
          {old ? "Save" : "Make the budget"}
        </Button>
      </DialogActions>
    </form>
  );
}

export function LimitDialog({ subject, close }: { subject: "new" | Limit | null; close: () => void }) {
  const old = subject === "new" ? null : subject;
  return (
    <Dialog open={subject !== null} onOpenChange={close} title={old ? "Change the limit" : "New limit"} description={old ? whomName(old) : "What is beyond it is answered by 429 and when to come back."}>
      {subject && <LimitForm key={old?.id ?? "new"} old={old} close={close} />}
    </Dialog>
  );
}

function LimitForm({ old, close }: { old: Limit | null; close: () => void }) {
  const [whom, setWhom] = useState(everyone);
  const [meter, setMeter] = useState("requests");
  const [period, setPeriod] = useState("minute");
  const [amount, setAmount] = useState(old ? String(old.amount) : "");
  const [active, setActive] = useState(old?.is_active ?? true);
  const save = useSave(["limits"], close);
  const body = () => ({ amount: Number(amount), ...(old ? { is_active: active } : {}) });
  return (
    <form
      className="grid gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        const made = { ...whom, meter, period: meter === "concurrency" ? "now" : period, ...body() };
        void save.run(() => (old ? api.patch(`/limits/${old.id}`, body()) : api.post("/limits", made)));
      }}
    >
      {save.error && <Notice tone="danger">{save.error}</Notice>}
      {!old && <WhomFields value={whom} onChange={setWhom} />}
      <div className="grid gap-5 sm:grid-cols-3">
        <Field label="At most">
          {(ids) => <Input {...ids} required type="number" min="0" step="1" inputMode="numeric" value={amount} onChange={(event) => setAmount(event.target.value)} />}
        </Field>
        {!old && (
          <Field label="Of">
            {(ids) => (
              <Select {...ids} value={meter} onChange={(event) => setMeter(event.target.value)}>
                <option value="requests">requests</option>
                <option value="tokens">tokens</option>
                <option value="concurrency">calls at once</option>
              </Select>
            )}
          </Field>
        )}
        {!old && meter !== "concurrency" && (
          <Field label="Per">
            {(ids) => (
              <Select {...ids} value={period} onChange={(event) => setPeriod(event.target.value)}>
                <option value="minute">minute</option>
                <option value="hour">hour</option>
                <option value="day">day</option>
              </Select>
            )}
          </Field>
        )}
      </div>
      {old && <Checkbox label="In force" checked={active} onChange={(event) => setActive(event.target.checked)} />}
      <DialogActions>
        <Button onClick={close}>Cancel</Button>
        <Button type="submit" variant="primary" busy={save.busy}>
          {old ? "Save" : "Make the limit"}
        </Button>
      </DialogActions>
    </form>
  );
}

function useSave(queryKey: string[], done: () => void) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const run = async (send: () => Promise<unknown>) => {
    setBusy(true);
    setError("");
    try {
      await send();
      await client.invalidateQueries({ queryKey });
      done();
    } catch (fault) {
      setError(messageOf(fault));
      setBusy(false);
    }
  };
  return { busy, error, run };
}
