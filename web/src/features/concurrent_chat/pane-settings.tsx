import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select, Textarea } from "@/components/ui/field";
import type { Pane, Parameters } from "./types";

interface Props {
  pane: Pane;
  name: string;
  onSave: (change: Pick<Pane, "system_prompt" | "parameters">) => Promise<boolean>;
  onClose: () => void;
}

type Effort = NonNullable<Parameters["reasoning_effort"]>;

const numbers = [
  { key: "temperature", label: "Temperature", min: 0, max: 2, step: "any" },
  { key: "top_p", label: "Top p", min: 0, max: 1, step: "any" },
  { key: "max_tokens", label: "Most tokens", min: 1, max: 1_000_000, step: 1 },
  { key: "seed", label: "Seed", min: undefined, max: undefined, step: 1 },
] as const;

/** The instructions and the parameters of one pane. */
export function PaneSettings({ pane, name, onSave, onClose }: Props) {
  const [prompt, setPrompt] = useState(pane.system_prompt);
  const [given, setGiven] = useState<Record<string, string>>(() =>
    Object.fromEntries(numbers.map(({ key }) => [key, pane.parameters[key]?.toString() ?? ""])),
  );
  const [effort, setEffort] = useState<Effort | "">(pane.parameters.reasoning_effort ?? "");
  const [stop, setStop] = useState(pane.parameters.stop?.join("\n") ?? "");
  const [busy, setBusy] = useState(false);

  const save = async () => {
    const parameters: Parameters = {};
    for (const { key } of numbers) if (given[key]) parameters[key] = Number(given[key]);
    if (effort) parameters.reasoning_effort = effort;
    const stops = stop.split("\n").filter(Boolean);
    if (stops.length) parameters.stop = stops;
    setBusy(true);
    if (await onSave({ system_prompt: prompt.trim(), parameters })) onClose();
    else setBusy(false);
  };

  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={`Settings of ${name}`} description="For this pane alone. An empty field leaves it to the model." className="w-[min(94vw,38rem)]">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <Field label="System prompt" hint="Read before every question of this pane, after what all panes share.">
          {(ids) => <Textarea {...ids} rows={5} maxLength={100_000} value={prompt} onChange={(event) => setPrompt(event.target.value)} placeholder="You are a careful editor. Answer in short sentences." />}
        </Field>
        <div className="grid grid-cols-2 gap-3">
          {numbers.map(({ key, label, ...limits }) => (
            <Field key={key} label={label}>
              {(ids) => (
                <Input {...ids} type="number" inputMode="decimal" {...limits} value={given[key] ?? ""} onChange={(event) => setGiven({ ...given, [key]: event.target.value })} />
              )}
            </Field>
          ))}
          <Field label="Reasoning">
            {(ids) => (
              <Select {...ids} value={effort} onChange={(event) => setEffort(event.target.value as Effort | "")}>
                <option value="">as the model does</option>
                <option value="none">not at all</option>
                <option value="low">a little</option>
                <option value="medium">some</option>
                <option value="high">much</option>
                <option value="max">all it can</option>
              </Select>
            )}
          </Field>
          <Field label="Stop at" hint="One a line, four at most.">
            {(ids) => <Textarea {...ids} rows={1} className="min-h-9" value={stop} onChange={(event) => setStop(event.target.value)} />}
          </Field>
        </div>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
