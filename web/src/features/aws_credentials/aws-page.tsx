import { useQueryClient } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { LoadFault, Section, SettingsPage, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Snippet } from "@/components/ui/parts";
import { api, ApiProblem } from "@/lib/api/client";
import type { AwsIdentity, KeyRotationInSteps, ValidatedCredentials } from "@/lib/api/types";
import { Fault } from "./fault";
import { History } from "./history";
import { identitiesKey, useIdentities } from "./queries";
import { Register } from "./register";
import { Rotation } from "./rotation";

export default function AwsPage() {
  const client = useQueryClient();
  const { data, error, refetch } = useIdentities();
  const [registering, setRegistering] = useState(false);
  const [made, setMade] = useState<AwsIdentity | null>(null);
  const [tested, setTested] = useState<AwsIdentity | null>(null);
  const [rotated, setRotated] = useState<AwsIdentity | null>(null);
  const [past, setPast] = useState<AwsIdentity | null>(null);
  const [removing, setRemoving] = useState<AwsIdentity | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: identitiesKey });
  const roles = data?.filter((item) => item.kind === "role") ?? [];
  const register = (
    <Button variant="primary" onClick={() => setRegistering(true)}>
      <Plus className="size-4" />
      Register
    </Button>
  );
  return (
    <SettingsPage title="AWS" description="Roles that may be assumed, and users whose access keys are rotated. Their keys live in a vault; nothing else at AWS is touched." action={register}>
      <Section>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !data ? (
          <TableSkeleton />
        ) : data.length === 0 ? (
          <Empty icon={KeyRound} title="No roles or users yet">
            Store an access key in a vault, then register its user to have the key rotated, or a role that the key may assume.
          </Empty>
        ) : (
          <Table label="AWS roles and users" head={["Name", "Account", "Kind", <span className="sr-only">Actions</span>]}>
            {data.map((item) => (
              <tr key={item.id}>
                <td className="min-w-44">
                  <span className="font-medium">{item.name}</span> {item.open_rotation && <Badge tone="accent">rotating</Badge>}
                  <span className="block text-[13px] break-all text-ink-3">{item.arn.split(":")[5]}</span>
                </td>
                <td className="whitespace-nowrap">
                  {item.account_id} {item.partition !== "aws" && <Badge>{item.partition}</Badge>}
                </td>
                <td className="capitalize">{item.kind}</td>
                <td className="text-right whitespace-nowrap">
                  <Button size="sm" variant="ghost" aria-label={`Test ${item.name}`} onClick={() => setTested(item)}>
                    Test
                  </Button>
                  {item.kind === "user" && (
                    <>
                      <Button size="sm" variant="ghost" aria-label={`${item.open_rotation ? "Watch" : "Rotate"} ${item.name}`} onClick={() => setRotated(item)}>
                        {item.open_rotation ? "Watch" : "Rotate"}
                      </Button>
                      <Button size="sm" variant="ghost" aria-label={`History of ${item.name}`} onClick={() => setPast(item)}>
                        History
                      </Button>
                    </>
                  )}
                  <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Remove ${item.name}`} onClick={() => setRemoving(item)}>
                    Remove
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Section>
      <Dialog open={registering} onOpenChange={setRegistering} title="Register a role or user">
        {registering && (
          <Register
            roles={roles}
            onClose={() => setRegistering(false)}
            onDone={async (identity) => {
              setRegistering(false);
              if (identity.external_id) setMade(identity);
              await refresh();
            }}
          />
        )}
      </Dialog>
      <Dialog open={made !== null} onOpenChange={() => setMade(null)} title="Its external id" description="Let the role’s trust policy ask for it (sts:ExternalId), so that nobody else has this installation assume the role.">
        <Snippet text={made?.external_id ?? ""} label="External id" />
        <DialogActions>
          <Button variant="primary" onClick={() => setMade(null)}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
      <Dialog open={tested !== null} onOpenChange={() => setTested(null)} title={`Test ${tested?.name}`}>
        {tested && <Test key={tested.id} identity={tested} />}
      </Dialog>
      <Dialog
        open={rotated !== null}
        onOpenChange={() => {
          setRotated(null);
          void refresh();
        }}
        title={`Rotate the key of ${rotated?.name}`}
        className="w-[min(94vw,36rem)]"
      >
        {rotated && <Rotate key={rotated.id} identity={rotated} started={refresh} />}
      </Dialog>
      <Dialog open={past !== null} onOpenChange={() => setPast(null)} title={`Rotations of ${past?.name}`} className="w-[min(94vw,40rem)]">
        {past && <History key={past.id} identity={past} />}
      </Dialog>
      <Confirm
        open={removing !== null}
        onOpenChange={() => setRemoving(null)}
        title={`Remove ${removing?.name}?`}
        description="It is no longer assumed or rotated from here, and its history goes. Nothing at AWS changes, and its keys stay in the vault."
        action="Remove"
        danger
        run={async () => {
          if (removing) await api.delete(`/aws-credentials/identities/${removing.id}`);
          await refresh();
        }}
      />
    </SettingsPage>
  );
}

/** Asks AWS whose keys these are. */
function Test({ identity }: { identity: AwsIdentity }) {
  const [said, setSaid] = useState<ValidatedCredentials | null>(null);
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const ask = async () => {
    setBusy(true);
    setFault(null);
    setSaid(null);
    try {
      setSaid(await api.post<ValidatedCredentials>(`/aws-credentials/identities/${identity.id}/validate`));
    } catch (refused) {
      setFault(refused);
    }
    setBusy(false);
  };
  return (
    <div className="grid gap-4">
      <p className="text-sm text-ink-2">{identity.kind === "role" ? "Assumes the role once and asks AWS who that is." : "Asks AWS whose key the vault holds."}</p>
      {fault !== null && <Fault error={fault} />}
      {said && (
        <div role="status" className="grid gap-2 text-sm">
          <p>
            <Badge tone={said.as_registered ? "good" : "danger"}>{said.as_registered ? "as registered" : "somebody else"}</Badge>
          </p>
          <p className="break-all">{said.arn}</p>
          <p className="text-ink-2">
            Account {said.account_id}, asked in {said.region}
          </p>
        </div>
      )}
      <DialogActions>
        <Button variant="primary" busy={busy} onClick={() => void ask()}>
          {said || fault !== null ? "Ask again" : "Ask AWS"}
        </Button>
      </DialogActions>
    </div>
  );
}

/** Begins a rotation, then shows it; where the user has two keys, offers to replace the other. */
function Rotate({ identity, started }: { identity: AwsIdentity; started: () => Promise<unknown> }) {
  const [id, setId] = useState(identity.open_rotation);
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState("");
  if (id) return <Rotation id={id} />;
  const start = async (replace?: string) => {
    setBusy(replace ?? "start");
    setFault(null);
    try {
      setId((await api.post<KeyRotationInSteps>(`/aws-credentials/identities/${identity.id}/rotations`, replace ? { replace_key_id: replace } : {})).id);
      await started();
    } catch (refused) {
      setFault(refused);
    }
    setBusy("");
  };
  const two = fault instanceof ApiProblem && fault.slug === "aws-two-keys" && Array.isArray(fault.body.replaceable_key_ids) ? (fault.body.replaceable_key_ids as string[]) : [];
  return (
    <div className="grid gap-4">
      <p className="text-sm text-ink-2">
        A new key is made and stored in the vault. Once AWS takes it, readers get it. The old key is switched off when it is no longer used, and deleted later; until then this can be undone.
      </p>
      {fault !== null && <Fault error={fault} />}
      <DialogActions>
        {two.map((key) => (
          <Button key={key} variant="danger" busy={busy === key} onClick={() => void start(key)}>
            Delete {key} and rotate
          </Button>
        ))}
        <Button variant="primary" busy={busy === "start"} onClick={() => void start()}>
          Rotate now
        </Button>
      </DialogActions>
    </div>
  );
}
