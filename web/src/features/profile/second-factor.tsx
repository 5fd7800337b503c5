import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { RecoveryCodesShown, TotpSetup } from "@/components/sign-in/totp-setup";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { RecoveryCodes, SecondFactorOverview } from "@/lib/api/types";
import { toast } from "@/lib/toast";

export const factorKey = ["second-factor"] as const;

/** One-time codes by an app, and the codes for the day it is lost. */
export function SecondFactor() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: factorKey, queryFn: () => api.get<SecondFactorOverview>("/profile/second-factor") });
  const [asked, setAsked] = useState<"add" | "remove" | "codes" | null>(null);
  const close = () => {
    setAsked(null);
    void client.invalidateQueries({ queryKey: factorKey });
    void client.invalidateQueries({ queryKey: ["sessions"] });
  };
  return (
    <Section title="Second factor" description="A code from an app, asked for after the password.">
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={1} />
      ) : (
        <Card className="flex flex-wrap items-center justify-between gap-4 px-5 py-4">
          <div>
            <p className="flex flex-wrap items-center gap-2 text-sm font-medium">
              Authenticator app
              {data.totp ? <Badge tone="good">on</Badge> : <Badge>off</Badge>}
            </p>
            <p className="text-[13px] text-ink-2">
              {data.totp ? `${data.recovery_codes_left} recovery codes left.` : data.required ? "This workspace asks for a second factor." : "Whoever learns your password still stays out."}
            </p>
          </div>
          {data.totp ? (
            <div className="flex gap-2">
              <Button size="sm" onClick={() => setAsked("codes")}>
                New recovery codes
              </Button>
              <Button size="sm" className="text-danger" onClick={() => setAsked("remove")}>
                Remove app
              </Button>
            </div>
          ) : (
            <Button size="sm" onClick={() => setAsked("add")}>
              Add an app
            </Button>
          )}
        </Card>
      )}
      <Dialog open={asked === "add"} onOpenChange={close} sticky title="Add an authenticator app">
        <TotpSetup
          onDone={() => {
            close();
            toast("The app is asked for from now on; devices without it are signed out.", { kind: "success" });
          }}
        />
      </Dialog>
      <Dialog open={asked === "remove"} onOpenChange={close} title="Remove the app?" description="Your password alone lets in again, and the recovery codes are void.">
        <ByPassword
          action="Remove"
          danger
          onCancel={close}
          run={async (password) => {
            await api.delete("/profile/totp", { password });
            close();
          }}
        />
      </Dialog>
      <Dialog open={asked === "codes"} onOpenChange={close} sticky title="New recovery codes" description="The old ones stop working.">
        <NewCodes onDone={close} />
      </Dialog>
    </Section>
  );
}

function NewCodes({ onDone }: { onDone: () => void }) {
  const [codes, setCodes] = useState<string[] | null>(null);
  if (codes) return <RecoveryCodesShown codes={codes} onDone={onDone} />;
  return <ByPassword action="Make them" onCancel={onDone} run={async (password) => setCodes((await api.post<RecoveryCodes>("/profile/recovery-codes", { password })).codes)} />;
}

interface ByPasswordProps {
  action: string;
  danger?: boolean;
  onCancel: () => void;
  run: (password: string) => Promise<void>;
}

function ByPassword({ action, danger, onCancel, run }: ByPasswordProps) {
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const submit = async () => {
    setBusy(true);
    setError("");
    try {
      await run(password);
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
        void submit();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Your password" hint="Leave it empty if you signed in without one just now.">
        {(ids) => <Input {...ids} type="password" autoComplete="current-password" autoFocus value={password} onChange={(event) => setPassword(event.target.value)} />}
      </Field>
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant={danger ? "danger" : "primary"} busy={busy}>
          {action}
        </Button>
      </DialogActions>
    </form>
  );
}
