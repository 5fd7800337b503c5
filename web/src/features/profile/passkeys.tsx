import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { PasskeySetup } from "@/components/sign-in/passkey-setup";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { api, messageOf } from "@/lib/api/client";
import type { Passkey } from "@/lib/api/types";
import { formatAgo, formatDate } from "@/lib/format";
import { hasPasskeys } from "@/lib/passkeys";
import { toast } from "@/lib/toast";
import { factorKey } from "./second-factor";

const key = ["passkeys"] as const;

/** Ways to sign in without a password. */
export function Passkeys() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: async () => (await api.get<{ items: Passkey[] }>("/profile/passkeys")).items });
  const [adding, setAdding] = useState(false);
  const [renaming, setRenaming] = useState<Passkey | null>(null);
  const [removing, setRemoving] = useState<Passkey | null>(null);
  const refresh = async () => {
    await Promise.all([client.invalidateQueries({ queryKey: key }), client.invalidateQueries({ queryKey: factorKey }), client.invalidateQueries({ queryKey: ["sessions"] })]);
  };
  return (
    <Section
      title="Passkeys"
      description="Sign in with a finger, a face or a security key instead of the password."
      action={
        <Button size="sm" disabled={!hasPasskeys()} onClick={() => setAdding(true)}>
          Add a passkey
        </Button>
      }
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={1} />
      ) : (
        data.length > 0 && (
          <Card>
            <ul className="divide-y">
              {data.map((passkey) => (
                <li key={passkey.id} className="flex items-center gap-4 px-5 py-3.5">
                  <KeyRound aria-hidden className="size-5 shrink-0 text-ink-3" strokeWidth={1.7} />
                  <div className="min-w-0 flex-1">
                    <p className="truncate text-sm font-medium">{passkey.name}</p>
                    <p className="text-[13px] text-ink-3">
                      since {formatDate(passkey.created_at)} · {passkey.last_used_at ? `last used ${formatAgo(passkey.last_used_at)}` : "not used yet"}
                    </p>
                  </div>
                  <Button size="sm" aria-label={`Rename ${passkey.name}`} onClick={() => setRenaming(passkey)}>
                    Rename
                  </Button>
                  <Button size="sm" className="text-danger" aria-label={`Remove ${passkey.name}`} onClick={() => setRemoving(passkey)}>
                    Remove
                  </Button>
                </li>
              ))}
            </ul>
          </Card>
        )
      )}
      <Dialog open={adding} onOpenChange={setAdding} title="Add a passkey">
        <PasskeySetup
          onDone={() => {
            setAdding(false);
            toast("The passkey signs you in from now on.", { kind: "success" });
            void refresh();
          }}
        />
      </Dialog>
      <Dialog open={renaming !== null} onOpenChange={() => setRenaming(null)} title="Rename the passkey">
        {renaming && <Rename key={renaming.id} passkey={renaming} onClose={() => setRenaming(null)} onDone={refresh} />}
      </Dialog>
      <Confirm
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={`Remove ${removing?.name}?`}
        description="It no longer signs you in. Remove it on the device too, so that it is not offered there."
        action="Remove"
        danger
        run={async () => {
          await api.delete(`/profile/passkeys/${removing?.id}`);
          await refresh();
        }}
      />
    </Section>
  );
}

function Rename({ passkey, onClose, onDone }: { passkey: Passkey; onClose: () => void; onDone: () => Promise<void> }) {
  const [name, setName] = useState(passkey.name);
  const [error, setError] = useState("");
  const save = async () => {
    try {
      await api.patch(`/profile/passkeys/${passkey.id}`, { name: name.trim() });
      await onDone();
      onClose();
    } catch (fault) {
      setError(messageOf(fault));
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
      <Field label="Name of the passkey" error={error}>
        {(ids) => <Input {...ids} required autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={!name.trim()}>
          Save
        </Button>
      </DialogActions>
    </form>
  );
}
