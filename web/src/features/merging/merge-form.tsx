import { GitMerge } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import type { MadeMerge, MergeStrategy } from "@/lib/api/types";
import { isChatModel, providerName, useModels } from "@/lib/models";
import { makeMerge } from "./queries";
import { strategies } from "./words";

const MOST = 12;

/** Asks several models one thing. */
export function MergeForm({ onMade }: { onMade: (made: MadeMerge) => void }) {
  const { data: models } = useModels();
  const usable = models?.filter((model) => isChatModel(model) && model.available && model.id !== "auto") ?? [];
  const [prompt, setPrompt] = useState("");
  const [strategy, setStrategy] = useState<MergeStrategy>("consensus");
  const [chosen, setChosen] = useState<string[]>([]);
  const [judge, setJudge] = useState("");
  const [rounds, setRounds] = useState("2");
  const [maxCost, setMaxCost] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const judged = strategy === "best_of" || strategy === "synthesize";

  const submit = async () => {
    setBusy(true);
    setFault("");
    try {
      onMade(await makeMerge({ prompt, strategy, models: chosen, judge_model: (judged && judge) || null, rounds: Number(rounds) || 2, max_cost: maxCost || null }));
    } catch (error) {
      setFault(messageOf(error));
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
      <Field label="Prompt">{(ids) => <Textarea {...ids} required rows={4} maxLength={200_000} value={prompt} onChange={(event) => setPrompt(event.target.value)} placeholder="Ask several models the same thing" />}</Field>
      <fieldset className="grid gap-2">
        <legend className="text-[13px] font-medium">
          Models <span className="font-normal text-ink-3">{chosen.length ? `${chosen.length} chosen` : "two or more"}</span>
        </legend>
        <div className="flex max-h-44 flex-wrap gap-2 overflow-y-auto py-1">
          {usable.map((model) => {
            const on = chosen.includes(model.id);
            return (
              <label key={model.id} className="inline-flex cursor-pointer items-center gap-2 rounded-lg border px-2.5 py-1.5 text-[13px] hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft">
                <input type="checkbox" className="size-3.5 accent-accent" checked={on} disabled={!on && chosen.length >= MOST} onChange={() => setChosen(on ? chosen.filter((id) => id !== model.id) : [...chosen, model.id])} />
                <span>{model.display_name}</span>
                <span className="text-ink-3">{providerName(model.provider)}</span>
              </label>
            );
          })}
          {models && usable.length === 0 && <p className="text-sm text-ink-2">No model can be used yet. Connect a provider, or install a model.</p>}
        </div>
      </fieldset>
      <div className="grid grid-cols-2 items-start gap-4 md:grid-cols-4">
        <Field label="Strategy" hint={strategies.find((one) => one.id === strategy)?.says} className="col-span-2">
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
        {judged && (
          <Field label="Judge" hint="None of the models above.">
            {(ids) => (
              <Select {...ids} value={judge} onChange={(event) => setJudge(event.target.value)}>
                <option value="">Chosen for you</option>
                {usable
                  .filter((model) => !chosen.includes(model.id))
                  .map((model) => (
                    <option key={model.id} value={model.id}>
                      {model.display_name}
                    </option>
                  ))}
              </Select>
            )}
          </Field>
        )}
        {strategy === "debate" && <Field label="Rounds">{(ids) => <Input {...ids} type="number" min="1" max="5" step="1" value={rounds} onChange={(event) => setRounds(event.target.value)} />}</Field>}
        <Field label="Cost at most ($)">{(ids) => <Input {...ids} type="number" min="0" step="any" inputMode="decimal" placeholder="any" value={maxCost} onChange={(event) => setMaxCost(event.target.value)} />}</Field>
      </div>
      {fault && <Notice tone="danger">{fault}</Notice>}
      <div>
        <Button type="submit" variant="primary" busy={busy} disabled={!prompt.trim() || chosen.length === 0}>
          {!busy && <GitMerge className="size-4" />}
          Ask and merge
        </Button>
      </div>
    </form>
  );
}
