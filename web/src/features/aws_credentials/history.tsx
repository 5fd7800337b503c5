import { useState } from "react";
import { Button } from "@/components/ui/button";
import { LoadFault, Table, TableSkeleton } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import type { AwsIdentity } from "@/lib/api/types";
import { formatDateTime } from "@/lib/format";
import { useRotations } from "./queries";
import { Rotation } from "./rotation";
import { standing } from "./words";

/** Past rotations of a user, each with its steps. */
export function History({ identity }: { identity: AwsIdentity }) {
  const { data, error, refetch } = useRotations(identity);
  const [opened, setOpened] = useState<string | null>(null);
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data) return <TableSkeleton rows={2} />;
  if (data.items.length === 0) return <p className="text-sm text-ink-2">Its key was never rotated here.</p>;
  if (opened)
    return (
      <div className="grid gap-4">
        <Button size="sm" className="justify-self-start" onClick={() => setOpened(null)}>
          All rotations
        </Button>
        <Rotation id={opened} />
      </div>
    );
  return (
    <Table label="Rotations" head={["Begun", "By", "Standing", <span className="sr-only">Actions</span>]}>
      {data.items.map((rotation) => {
        const { text, tone } = standing(rotation);
        return (
          <tr key={rotation.id}>
            <td className="whitespace-nowrap">{formatDateTime(rotation.started_at)}</td>
            <td className="max-w-40 truncate">{rotation.started_by}</td>
            <td>
              <Badge tone={tone}>{text}</Badge>
            </td>
            <td className="text-right">
              <Button size="sm" variant="ghost" aria-label={`Steps of ${formatDateTime(rotation.started_at)}`} onClick={() => setOpened(rotation.id)}>
                Steps
              </Button>
            </td>
          </tr>
        );
      })}
    </Table>
  );
}
