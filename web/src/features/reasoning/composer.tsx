import { ArrowUp, ChevronDown, SlidersHorizontal } from "lucide-react";
import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from "react";
import { ChosenDocuments, DocumentChoice } from "@/components/conversation/document-choice";
import { readDraft, writeDraft } from "@/components/conversation/drafts";
import { ModelPicker } from "@/components/conversation/model-picker";
import { Button } from "@/components/ui/button";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { Spinner } from "@/components/ui/spinner";
import { messageOf } from "@/lib/api/client";
import { cn } from "@/lib/cn";
import { Checks, isWhole } from "./checks";
import { makeSession } from "./queries";
import { ToolChoice } from "./tool-choice";
import type { Domain, MadeSession, NewSession, Options, Strategy } from "./types";
import { changed, defaults, domains, strategies } from "./words";

const DRAFT = "think";
const MOST = 100_000;
const fine = matchMedia("(pointer: fine)");

interface Props {
  /** What it begins with: a session that is run again, or an example. */
  begin?: NewSession | undefined;
  onMade: (made: MadeSession) => void;
}

/** The problem, and everything about how it is to be solved; a problem and Enter suffice. */
export function Composer({ begin, onMade }: Props) {
  const [problem, setProblem] = useState(() => begin?.problem ?? readDraft(DRAFT));
  const [options, setOptions] = useState<Options>(() => (begin ? optionsOf(begin) : defaults));
  const [open, setOpen] = useState(() => begin !== undefined && changed(optionsOf(begin)).length > 0);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  // The same until something changes: what is sent twice by a weak line is solved once.
  const attempt = useRef({ of: "", key: "" });
  const panel = useId();
  const set = (part: Partial<Options>) => setOptions({ ...options, ...part });
  const halves = options.checks.filter((check) => !isWhole(check)).length;
  const told = changed(options);

  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, Math.max(160, window.innerHeight * 0.4))}px`;
  }, [problem]);

  const send = async () => {
    if (busy || !problem.trim() || halves) return;
    setBusy(true);
    setFault("");
    const body: NewSession = { ...options, problem: problem.trim() };
    const of = JSON.stringify(body);
    if (attempt.current.of !== of) attempt.current = { of, key: crypto.randomUUID() };
    try {
      const made = await makeSession(body, attempt.current.key);
      writeDraft(DRAFT, "");
      onMade(made);
    } catch (error) {
      setFault(messageOf(error));
      setBusy(false);
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || event.keyCode === 229) return;
    // A phone has no Shift+Enter: there Enter is a new line and the button begins.
    if (!fine.matches && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    void send();
  };

  return (
    <form
      aria-label="New problem"
      className="grid gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <div className="rounded-2xl border border-line-strong/60 bg-raised shadow-[0_2px_14px_-4px_rgb(20_16_10/0.10)] transition-colors focus-within:border-line-strong">
        <ChosenDocuments chosen={options.documents} onChange={(documents) => set({ documents })} />
        <textarea
          ref={area}
          id="problem"
          rows={3}
          maxLength={MOST}
          aria-label="The problem"
          placeholder="What is to be solved? With all that matters: figures, conditions, what the answer should look like."
          value={problem}
          onChange={(event) => {
            setProblem(event.target.value);
            writeDraft(DRAFT, event.target.value);
          }}
          onKeyDown={onKeyDown}
          className="scroll block w-full resize-none bg-transparent px-4 pt-3.5 pb-1 text-base leading-relaxed outline-none sm:text-[15px]"
        />
        <div className="flex flex-wrap items-center gap-0.5 px-2 pb-2">
          <DocumentChoice chosen={options.documents} onChange={(documents) => set({ documents })} disabled={false} />
          <Button variant="ghost" className="px-2.5" aria-expanded={open} aria-controls={panel} onClick={() => setOpen(!open)}>
            <SlidersHorizontal className="size-4" />
            Options
            <ChevronDown aria-hidden className={cn("size-3.5 transition-transform", open && "rotate-180")} />
          </Button>
          {!open && told.length > 0 && <span className="min-w-0 truncate text-[13px] text-ink-3">{told.join(" · ")}</span>}
          <Button type="submit" variant="accent" size="icon" aria-label="Solve" title="Solve (Enter)" disabled={busy || !problem.trim() || halves > 0} className="ml-auto size-9 rounded-xl disabled:bg-subtle disabled:text-ink-3 disabled:opacity-100">
            {busy ? <Spinner /> : <ArrowUp className="size-4.5" strokeWidth={2.4} />}
          </Button>
        </div>
      </div>
      {fault && <Notice tone="danger">{fault}</Notice>}
      {halves > 0 && !open && <Notice tone="warn">A check says nothing yet. Fill it in under Options, or take it away.</Notice>}
      <div id={panel} hidden={!open}>
        {open && <Panel options={options} set={set} reset={told.length ? () => setOptions(defaults) : null} />}
      </div>
    </form>
  );
}

const optionsOf = ({ problem: _, ...options }: NewSession): Options => options;

interface PanelProps {
  options: Options;
  set: (part: Partial<Options>) => void;
  reset: (() => void) | null;
}

function Panel({ options, set, reset }: PanelProps) {
  const { budget } = options;
  const how = strategies.find((one) => one.id === options.strategy);
  const many = options.strategy === "vote" || options.strategy === "tree";
  return (
    <div className="grid gap-5 rounded-2xl border bg-panel p-4 sm:p-5">
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <Field label="Field" hint="Chooses prompts, tools and how answers are verified.">
          {(ids) => (
            <Select {...ids} value={options.domain} onChange={(event) => set({ domain: event.target.value as Domain })}>
              {domains.map(([id, name]) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label="Strategy" hint={how?.says ?? "Chosen by how hard the problem looks."}>
          {(ids) => (
            <Select {...ids} value={options.strategy ?? ""} onChange={(event) => set({ strategy: (event.target.value || null) as Strategy | null })}>
              <option value="">Automatic</option>
              {strategies.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div className="grid gap-1.5">
          <p className="text-[13px] font-medium">Model</p>
          <div className="-ml-2.5 flex">
            <ModelPicker value={options.model ?? "auto"} onPick={(id) => set({ model: id === "auto" ? null : id })} />
          </div>
          <p className="text-[13px] text-ink-3">{options.model ? "For every step." : "The best for each step: cheap for easy ones, strong for hard ones."}</p>
        </div>
        <div className="grid grid-cols-2 items-start gap-4">
          <Count label="Sub-problems at most" value={options.max_steps} min={1} max={40} onChange={(value) => set({ max_steps: value ?? defaults.max_steps })} />
          {many && <Count label={options.strategy === "vote" ? "Answers to vote" : "Tries a level"} value={options.samples} min={1} max={100} onChange={(value) => set({ samples: value ?? defaults.samples })} />}
        </div>
      </div>
      <ToolChoice label="Tools" chosen={options.tools} onChange={(tools) => set({ tools })} all="all that you may use" />
      <Checks checks={options.checks} onChange={(checks) => set({ checks })} />
      <fieldset className="grid gap-2">
        <legend className="mb-1 text-[13px] font-medium">Budget</legend>
        <p className="-mt-1 text-[13px] text-ink-3">At the first limit it stops and keeps what is proven so far. You can give it more then.</p>
        <div className="grid grid-cols-2 items-start gap-4 sm:grid-cols-4">
          <Field label="Dollars">{(ids) => <Input {...ids} type="number" min="0" step="any" inputMode="decimal" placeholder="any" value={budget.cost ?? ""} onChange={(event) => set({ budget: { ...budget, cost: event.target.value || null } })} />}</Field>
          <Count label="Tokens" value={budget.tokens} min={0} max={1e9} onChange={(tokens) => set({ budget: { ...budget, tokens } })} />
          <Count label="Seconds" value={budget.seconds} min={0} max={86_400} onChange={(seconds) => set({ budget: { ...budget, seconds } })} />
          <Count label="Steps" value={budget.steps} min={0} max={1000} onChange={(steps) => set({ budget: { ...budget, steps } })} />
        </div>
      </fieldset>
      <div className="grid items-start gap-4 sm:grid-cols-2">
        <Checkbox label="Look at the plan first" hint="It waits until you have seen, changed and approved its plan." checked={options.review_plan} onChange={(event) => set({ review_plan: event.target.checked })} />
        <Field label={`How sure an unproven answer must be: ${Math.round(options.stop_at * 100)}%`} hint="Below that it is told as what it is, and not as a solution.">
          {(ids) => <input {...ids} type="range" min="0" max="1" step="0.05" className="w-full accent-accent" value={options.stop_at} onChange={(event) => set({ stop_at: Number(event.target.value) })} />}
        </Field>
      </div>
      {reset && (
        <div>
          <Button size="sm" variant="ghost" onClick={reset}>
            Back to the defaults
          </Button>
        </div>
      )}
    </div>
  );
}

interface CountProps {
  label: string;
  /** Null: no limit. */
  value: number | null;
  min: number;
  max: number;
  onChange: (value: number | null) => void;
}

export const Count = ({ label, value, min, max, onChange }: CountProps) => (
  <Field label={label}>
    {(ids) => <Input {...ids} type="number" min={min} max={max} step="1" inputMode="numeric" placeholder="any" value={value ?? ""} onChange={(event) => onChange(event.target.value === "" ? null : Math.min(max, Math.max(min, Math.round(event.target.valueAsNumber))))} />}
  </Field>
);
