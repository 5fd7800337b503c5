import { useQueryClient } from "@tanstack/react-query";
import { Check, Clock, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { LoadFault, TableSkeleton } from "@/components/ui/page";
import { Badge, Notice } from "@/components/ui/parts";
import { api } from "@/lib/api/client";
import type { KeyRotationStep } from "@/lib/api/types";
import { formatDateTime } from "@/lib/format";
import { Fault } from "./fault";
import { identitiesKey, useRotation } from "./queries";
import { adviceFor, standing, stepDetail, stepText } from "./words";

const icons = { done: Check, waiting: Clock, failed: TriangleAlert };
const tones = { done: "text-good", waiting: "text-ink-3", failed: "text-danger" };

function Step({ step }: { step: KeyRotationStep }) {
  const Icon = icons[step.outcome];
  const detail = stepDetail(step);
  return (
    <li className="flex gap-3">
      <Icon aria-hidden className={`mt-0.5 size-4 shrink-0 ${tones[step.outcome]}`} />
      <div className="min-w-0">
        <p className="text-sm">
          {stepText(step)} {step.outcome === "failed" && <span className="sr-only">(failed)</span>}
        </p>
        <p className="text-[13px] break-words text-ink-3">
          <time dateTime={step.at}>{formatDateTime(step.at)}</time>
          {detail && ` · ${detail}`}
        </p>
      </div>
    </li>
  );
}

/** A rotation with its steps, as they happen. */
export function Rotation({ id }: { id: string }) {
  const client = useQueryClient();
  const { data, error, refetch } = useRotation(id);
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState("");
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data) return <TableSkeleton rows={3} />;
  const { text, tone } = standing(data);
  const last = data.steps.at(-1);
  const advice = data.stuck && typeof last?.detail.error === "string" ? adviceFor(last.detail.error) : undefined;
  const act = async (what: "retry" | "cancel") => {
    setBusy(what);
    setFault(null);
    try {
      if (what === "retry") await api.post(`/aws-credentials/rotations/${id}/retry`);
      else await api.post(`/aws-credentials/rotations/${id}/cancel`);
    } catch (refused) {
      setFault(refused);
    }
    setBusy("");
    await refetch();
    await client.invalidateQueries({ queryKey: identitiesKey });
  };
  const waits = !data.finished_at && !data.stuck && new Date(data.next_at).getTime() > Date.now() + 60_000;
  return (
    <div className="grid gap-4">
      <p className="flex flex-wrap items-center gap-2 text-sm text-ink-2" role="status">
        <Badge tone={tone}>{text}</Badge>
        {waits && <span>looked at again {formatDateTime(data.next_at)}</span>}
      </p>
      {data.error && data.error !== "cancelled" && (
        <Notice tone={data.stuck ? "danger" : "warn"}>
          {data.error}
          {advice && <span className="mt-1 block">{advice}</span>}
        </Notice>
      )}
      {fault !== null && <Fault error={fault} />}
      <ol aria-label="Steps" className="grid gap-3">
        {data.steps.map((step) => (
          <Step key={step.seq} step={step} />
        ))}
      </ol>
      {!data.finished_at && (
        <DialogActions>
          <Button busy={busy === "cancel"} disabled={data.cancelled_at !== null} onClick={() => void act("cancel")}>
            {data.cancelled_at ? "Cancelled" : "Cancel and undo"}
          </Button>
          <Button variant="primary" busy={busy === "retry"} onClick={() => void act("retry")}>
            Go on now
          </Button>
        </DialogActions>
      )}
    </div>
  );
}
