import { GitMerge } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Select } from "@/components/ui/field";
import { LoadFault } from "@/components/ui/page";
import { Notice } from "@/components/ui/parts";
import { Spinner } from "@/components/ui/spinner";
import { messageOf } from "@/lib/api/client";
import type { MergeStrategy } from "@/lib/api/types";
import { MergeView } from "./merge-view";
import { makeMerge, useMerge } from "./queries";
import { strategies } from "./words";

export interface PanelAnswer {
  model: string;
  text: string;
  messageId?: string;
  tokens?: number;
  latencyMs?: number;
  /** Dollars. */
  cost?: string;
}

interface Props {
  prompt: string;
  answers: PanelAnswer[];
  /** Somebody takes the result. */
  onUse: (text: string, mergeId: string) => void;
}

/** Merges answers that are there already, and hands the result on. */
export default function MergePanel({ prompt, answers, onUse }: Props) {
  const [strategy, setStrategy] = useState<MergeStrategy>("consensus");
  const [id, setId] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const merge = async () => {
    setBusy(true);
    setFault("");
    try {
      const responses = answers.map((one) => ({ model: one.model, response: one.text, tokens: one.tokens ?? null, latency_ms: one.latencyMs ?? null, cost: one.cost ?? null, message_id: one.messageId ?? null }));
      setId((await makeMerge({ prompt, strategy, responses })).id);
    } catch (error) {
      setFault(messageOf(error));
    }
    setBusy(false);
  };
  return (
    <div className="grid gap-5">
      <div className="flex flex-wrap items-start gap-3">
        <Field label={`Merge ${answers.length} answers by`} hint={strategies.find((one) => one.id === strategy)?.says} className="min-w-56 flex-1">
          {(ids) => (
            <Select {...ids} value={strategy} onChange={(event) => setStrategy(event.target.value as MergeStrategy)}>
              {strategies.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Button variant="primary" className="mt-6.5" busy={busy} disabled={answers.length < 1} onClick={() => void merge()}>
          {!busy && <GitMerge className="size-4" />}
          Merge
        </Button>
      </div>
      {fault && <Notice tone="danger">{fault}</Notice>}
      {id && <Merged key={id} id={id} onUse={onUse} />}
    </div>
  );
}

function Merged({ id, onUse }: { id: string; onUse: Props["onUse"] }) {
  const { data: merge, error, refetch } = useMerge(id);
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!merge) return <Spinner />;
  const result = merge.final_result;
  return (
    <MergeView
      merge={merge}
      actions={
        result !== null && (
          <Button variant="accent" size="sm" onClick={() => onUse(result, merge.id)}>
            Use this
          </Button>
        )
      }
    />
  );
}
