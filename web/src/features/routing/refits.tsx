import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { LoadFault, Section, Table, TableSkeleton } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Refit } from "@/lib/api/types";
import { formatCount, formatDate } from "@/lib/format";
import { modelName, useModels } from "@/lib/models";
import { useSession } from "@/lib/session";
import { toast } from "@/lib/toast";

const key = ["routing", "refits"];

/** What the catalogue's figures of quality were moved by: versions, which holds, and what each changes most. */
export function Refits() {
  const operator = useSession().user.is_operator;
  const client = useQueryClient();
  const [busy, setBusy] = useState<number | null>(null);
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: async () => (await api.get<{ items: Refit[] }>("/routing/refits")).items });
  const hold = async (version: number | null) => {
    setBusy(version ?? 0);
    try {
      client.setQueryData(key, (await api.put<{ items: Refit[] }>("/routing/refits/active", { version })).items);
      await client.invalidateQueries({ queryKey: ["routing", "models"] });
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    setBusy(null);
  };
  return (
    <Section
      title="Refits"
      description="Each night the catalogue’s figures of quality are fitted anew to what people and judges said, in every workspace, where that is enough. A version holds once it foretells the newest decisions better than chance explains."
    >
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={2} />
      ) : data.length === 0 ? (
        <p className="rounded-xl border border-dashed px-5 py-6 text-sm text-ink-2">There is none yet: the catalogue’s figures hold, with what each answer taught. 400 rated answers make the first.</p>
      ) : (
        <Table label="Refits" head={["Version", "Rated answers", "Surprise a decision", "Moves most", <span className="sr-only">Holds</span>]} right={[1]}>
          {data.map((one) => (
            <tr key={one.version}>
              <th scope="row" className="px-4 text-left font-medium whitespace-nowrap">
                {one.version} <span className="font-normal text-ink-3">{formatDate(one.created_at)}</span>
              </th>
              <td className="text-right tabular-nums">{formatCount(one.judged + one.held_out)}</td>
              <td className="min-w-36 tabular-nums">
                {one.loss_before.toFixed(3)} to {one.loss_after.toFixed(3)} <span className="text-ink-3">{one.gain_low > 0 ? "" : "(not shown to be better)"}</span>
              </td>
              <td className="min-w-52">
                <Moves of={one} />
              </td>
              <td className="text-right whitespace-nowrap">
                {one.is_active && <Badge tone="good">holds</Badge>}
                {operator && (
                  <Button size="sm" variant="ghost" busy={busy === (one.is_active ? 0 : one.version)} aria-label={one.is_active ? `Take back version ${one.version}` : `Have version ${one.version} hold`} onClick={() => void hold(one.is_active ? null : one.version)}>
                    {one.is_active ? "Take back" : "Have it hold"}
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}

function Moves({ of }: { of: Refit }) {
  const { data: models } = useModels();
  const most = Object.entries(of.shifts)
    .map(([model, shifts]) => ({ model, by: shifts[""] ?? 0 }))
    .sort((a, b) => Math.abs(b.by) - Math.abs(a.by))
    .slice(0, 3);
  return <>{most.map(({ model, by }) => `${modelName(models, model)} ${by > 0 ? "up" : "down"} ${Math.abs(by).toFixed(2)}`).join(", ")}</>;
}
