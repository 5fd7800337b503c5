import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Gauge, Plus, Wallet } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Card, LoadFault, Section, SettingsPage, Table, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { Budget, Limit } from "@/lib/api/types";
import { meterNames, periodNames } from "@/lib/bounds";
import { formatCount } from "@/lib/format";
import { isAdmin, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";
import { BudgetDialog, LimitDialog } from "./budget-form";
import { BurnDown } from "./burn-down";
import { whomName } from "./whom";

export default function BudgetsPage() {
  const admin = isAdmin(useSession());
  const client = useQueryClient();
  const [budget, setBudget] = useState<"new" | Budget | null>(null);
  const [limit, setLimit] = useState<"new" | Limit | null>(null);
  const [going, setGoing] = useState<{ path: string; what: string; key: string } | null>(null);
  const budgets = useQuery({ queryKey: ["budgets"], queryFn: () => api.get<{ items: Budget[] }>("/budgets"), refetchInterval: 10_000 });
  const limits = useQuery({ queryKey: ["limits"], queryFn: () => api.get<{ items: Limit[] }>("/limits"), refetchInterval: 10_000 });
  const makeBudget = admin && (
    <Button variant="primary" onClick={() => setBudget("new")}>
      <Plus className="size-4" />
      New budget
    </Button>
  );
  const makeLimit = admin && (
    <Button onClick={() => setLimit("new")}>
      <Plus className="size-4" />
      New limit
    </Button>
  );

  return (
    <SettingsPage title="Budgets and limits" description={admin ? "What calls may cost, and how many there may be: for the workspace, a person, a key or a model." : "What binds your calls."} action={makeBudget}>
      <Section title="Budgets">
        {budgets.error ? (
          <LoadFault error={budgets.error} retry={budgets.refetch} />
        ) : !budgets.data ? (
          <TableSkeleton />
        ) : budgets.data.items.length === 0 ? (
          <Empty icon={Wallet} title="No budgets" action={makeBudget}>
            Nothing bounds what calls may cost. A budget refuses what it has no room for, before it is sent.
          </Empty>
        ) : (
          <ul className="grid gap-3">
            {budgets.data.items.map((item) => (
              <li key={item.id}>
                <Card className="grid gap-3 p-5">
                  <div className="flex flex-wrap items-center justify-between gap-3">
                    <h3 className="flex flex-wrap items-center gap-2 text-sm font-medium">
                      {whomName(item)}
                      <span className="font-normal text-ink-3">{periodNames[item.period]}</span>
                      {!item.is_active && <Badge>off</Badge>}
                    </h3>
                    {admin && <Actions name={whomName(item)} change={() => setBudget(item)} remove={() => setGoing({ path: `/budgets/${item.id}`, what: "budget", key: "budgets" })} />}
                  </div>
                  <BurnDown budget={item} />
                </Card>
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="Rate limits" action={makeLimit} description="Requests and tokens in a time, and calls at once. Answers tell what is left in x-ratelimit headers.">
        {limits.error ? (
          <LoadFault error={limits.error} retry={limits.refetch} />
        ) : !limits.data ? (
          <TableSkeleton rows={2} />
        ) : limits.data.items.length === 0 ? (
          <Empty icon={Gauge} title="No limits">
            Calls are only bounded by what providers allow.
          </Empty>
        ) : (
          <Table label="Rate limits" head={["Binds", "At most", "Used now", ...(admin ? [<span className="sr-only">Actions</span>] : [])]} right={[2]}>
            {limits.data.items.map((item) => (
              <tr key={item.id} className={item.is_active ? undefined : "text-ink-3"}>
                <td className="font-medium">{whomName(item)}</td>
                <td>
                  {formatCount(item.amount)} {meterNames[item.meter]} {periodNames[item.period]} {!item.is_active && <Badge>off</Badge>}
                </td>
                <td className="text-right tabular-nums">{formatCount(item.used)}</td>
                {admin && (
                  <td className="text-right whitespace-nowrap">
                    <Actions name={whomName(item)} change={() => setLimit(item)} remove={() => setGoing({ path: `/limits/${item.id}`, what: "limit", key: "limits" })} />
                  </td>
                )}
              </tr>
            ))}
          </Table>
        )}
      </Section>
      <BudgetDialog subject={budget} close={() => setBudget(null)} />
      <LimitDialog subject={limit} close={() => setLimit(null)} />
      <Confirm
        open={going !== null}
        onOpenChange={(open) => !open && setGoing(null)}
        title={`Delete this ${going?.what}?`}
        description="It binds nothing from now on. What was spent stays in the ledger."
        action="Delete"
        danger
        run={async () => {
          await api.delete(going?.path ?? "");
          await client.invalidateQueries({ queryKey: [going?.key] });
          toast(`The ${going?.what} is deleted.`, { kind: "success" });
        }}
      />
    </SettingsPage>
  );
}

const Actions = ({ name, change, remove }: { name: string; change: () => void; remove: () => void }) => (
  <span className="inline-flex gap-1">
    <Button size="sm" variant="ghost" aria-label={`Change: ${name}`} onClick={change}>
      Change
    </Button>
    <Button size="sm" variant="ghost" className="text-danger hover:text-danger" aria-label={`Delete: ${name}`} onClick={remove}>
      Delete
    </Button>
  </span>
);
