import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Building2, Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import { LoadFault, Section, SettingsPage, ShowMore, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { MadeTenant, Page, Plan, Tenant } from "@/lib/api/types";
import { useSession } from "@/lib/session";
import { toast } from "@/lib/toast";

const plans: Plan[] = ["free", "standard", "enterprise"];
const tenantsKey = ["tenants"] as const;

export default function TenantsPage() {
  const session = useSession();
  const client = useQueryClient();
  const [making, setMaking] = useState(false);
  const [suspending, setSuspending] = useState<Tenant | null>(null);
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: tenantsKey,
    queryFn: ({ pageParam }) => api.get<Page<Tenant>>("/tenants", { query: { cursor: pageParam, limit: 50 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });
  const tenants = data?.pages.flatMap((page) => page.items);

  const change = async (tenant: Tenant, body: Partial<Tenant>) => {
    await api.patch(`/tenants/${tenant.id}`, body);
    await client.invalidateQueries({ queryKey: tenantsKey });
  };
  const changeNow = (tenant: Tenant, body: Partial<Tenant>) => change(tenant, body).catch((fault) => toast(messageOf(fault), { kind: "error" }));

  return (
    <SettingsPage
      title="Workspaces"
      description="Every workspace of this installation. Each is walled off from the others: people, chats, keys and costs."
      action={
        <Button variant="primary" onClick={() => setMaking(true)}>
          <Plus className="size-4" />
          New workspace
        </Button>
      }
    >
      <Section>
        {error ? (
          <LoadFault error={error} retry={refetch} />
        ) : !tenants ? (
          <TableSkeleton />
        ) : tenants.length === 0 ? (
          <Empty icon={Building2} title="No workspaces yet" />
        ) : (
          <Table label="Workspaces" head={["Name", "Plan", "Status", <span className="sr-only">Actions</span>]}>
            {tenants.map((tenant) => (
              <tr key={tenant.id}>
                <td>
                  <span className="flex items-center gap-2 font-medium">
                    {tenant.name}
                    {tenant.id === session.tenant.id && <Badge>yours</Badge>}
                  </span>
                  <span className="block text-[13px] text-ink-3">{tenant.slug}</span>
                </td>
                <td>
                  <Select aria-label={`Plan of ${tenant.name}`} className="w-32 capitalize" value={tenant.plan} onChange={(event) => changeNow(tenant, { plan: event.target.value as Plan })}>
                    {plans.map((plan) => (
                      <option key={plan}>{plan}</option>
                    ))}
                  </Select>
                </td>
                <td>
                  <Badge tone={tenant.status === "active" ? "good" : "warn"}>{tenant.status}</Badge>
                </td>
                <td className="text-right">
                  {tenant.id !== session.tenant.id &&
                    (tenant.status === "active" ? (
                      <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Suspend ${tenant.name}`} onClick={() => setSuspending(tenant)}>
                        Suspend
                      </Button>
                    ) : (
                      <Button size="sm" aria-label={`Reactivate ${tenant.name}`} onClick={() => changeNow(tenant, { status: "active" })}>
                        Reactivate
                      </Button>
                    ))}
                </td>
              </tr>
            ))}
          </Table>
        )}
        <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
      </Section>
      <NewTenant open={making} onOpenChange={setMaking} />
      <Confirm
        open={suspending !== null}
        onOpenChange={(open) => !open && setSuspending(null)}
        title={`Suspend ${suspending?.name}?`}
        description="Nobody of it can sign in and its keys are refused, until it is reactivated. Nothing is deleted."
        action="Suspend"
        danger
        run={() => change(suspending!, { status: "suspended" })}
      />
    </SettingsPage>
  );
}

interface Made {
  email: string;
  password: string;
}

function NewTenant({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const [made, setMade] = useState<Made | null>(null);
  const close = () => {
    onOpenChange(false);
    setMade(null);
  };
  return (
    <Dialog
      open={open}
      onOpenChange={close}
      sticky={made !== null}
      title={made ? "Hand over this password" : "New workspace"}
      description={made ? `${made.email} signs in with it once and then chooses their own. It is not shown again.` : undefined}
    >
      {made ? (
        <>
          <Snippet text={made.password} label="One-time password" />
          <DialogActions>
            <Button variant="primary" onClick={close}>
              I have copied it
            </Button>
          </DialogActions>
        </>
      ) : (
        <Form onMade={setMade} onCancel={close} />
      )}
    </Dialog>
  );
}

const slugOf = (name: string): string =>
  name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 63);

function Form({ onMade, onCancel }: { onMade: (made: Made) => void; onCancel: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [slug, setSlug] = useState<string | null>(null);
  const [plan, setPlan] = useState<Plan>("standard");
  const [email, setEmail] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const short = slug ?? slugOf(name);
  const make = async () => {
    setBusy(true);
    setError("");
    try {
      const made = await api.post<MadeTenant>("/tenants", { name: name.trim(), slug: short, plan, owner_email: email.trim() });
      await client.invalidateQueries({ queryKey: tenantsKey });
      onMade({ email: email.trim(), password: made.owner.one_time_password });
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
        void make();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Name">{(ids) => <Input {...ids} required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />}</Field>
      <Field label="Short name" hint="Small letters, digits and hyphens. People type it to choose a workspace.">
        {(ids) => <Input {...ids} required pattern="[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?" value={short} onChange={(event) => setSlug(event.target.value)} />}
      </Field>
      <Field label="Plan">
        {(ids) => (
          <Select {...ids} className="capitalize" value={plan} onChange={(event) => setPlan(event.target.value as Plan)}>
            {plans.map((item) => (
              <option key={item}>{item}</option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="E-mail of the owner">{(ids) => <Input {...ids} type="email" required value={email} onChange={(event) => setEmail(event.target.value)} />}</Field>
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={!short}>
          Make it
        </Button>
      </DialogActions>
    </form>
  );
}
