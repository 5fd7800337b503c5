import { Plus, Trash2 } from "lucide-react";
import { useId, useState } from "react";
import { ModelPicker } from "@/components/conversation/model-picker";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Select, Textarea } from "@/components/ui/field";
import { Badge, Notice } from "@/components/ui/parts";
import { faultsOf, freshId, mayDepend, without } from "./graph";
import type { Acts } from "./queries";
import { ToolChoice } from "./tool-choice";
import type { Difficulty, Node, PlannedNode, Session } from "./types";

const MOST = 40;

const planOf = (nodes: readonly Node[]): PlannedNode[] => nodes.map(({ id, question, depends_on, difficulty, tools, model }) => ({ id, question, depends_on, difficulty, tools, model }));

const same = (a: PlannedNode, b: PlannedNode): boolean => JSON.stringify(planOf([a as Node])) === JSON.stringify(planOf([b as Node]));

interface Props {
  session: Session;
  acts: Acts;
  onClose: () => void;
}

/** Another plan in the place of this one: nodes that stay as they are keep what they have. */
export function PlanEditor({ session, acts, onClose }: Props) {
  const [begun, setBegun] = useState(() => ({ nodes: planOf(session.nodes), revision: session.plan_revision }));
  const [nodes, setNodes] = useState(begun.nodes);
  const faults = faultsOf(nodes);
  const stale = session.plan_revision !== begun.revision;
  const changed = JSON.stringify(nodes) !== JSON.stringify(begun.nodes);
  const put = (id: string, part: Partial<PlannedNode>) => setNodes(nodes.map((node) => (node.id === id ? { ...node, ...part } : node)));
  const renew = () => {
    const next = { nodes: planOf(session.nodes), revision: session.plan_revision };
    setBegun(next);
    setNodes(next.nodes);
  };
  const save = async () => {
    const clean = nodes.map((node) => ({ ...node, question: node.question.trim() }));
    if (await acts.steer({ kind: "plan", nodes: clean, revision: begun.revision })) onClose();
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Edit the plan"
      description="Steps that you leave as they are keep their answers; those that you change are solved anew, with what rests on them."
      className="w-[min(96vw,52rem)]"
    >
      {stale && (
        <Notice
          tone="warn"
          action={
            <Button size="sm" onClick={renew}>
              Begin from it
            </Button>
          }
        >
          The plan was changed meanwhile, so yours cannot be saved.
        </Notice>
      )}
      <ol className="grid gap-4">
        {nodes.map((node) => {
          const before = session.nodes.find((one) => one.id === node.id);
          const has = before && before.state !== "pending" ? before : undefined;
          return (
            <li key={node.id}>
              <OneNode node={node} nodes={nodes} loses={has !== undefined && !same(has, node)} keeps={has !== undefined && same(has, node)} onChange={(part) => put(node.id, part)} onRemove={() => setNodes(without(nodes, node.id))} />
            </li>
          );
        })}
      </ol>
      <div>
        <Button size="sm" disabled={nodes.length >= MOST} onClick={() => setNodes([...nodes, { id: freshId(nodes), question: "", depends_on: [], difficulty: "medium", tools: [], model: null }])}>
          <Plus className="size-3.5" />
          Add a step
        </Button>
      </div>
      {changed && faults.length > 0 && (
        <Notice tone="warn">
          {faults.map((fault) => (
            <p key={fault}>{fault}</p>
          ))}
        </Notice>
      )}
      <DialogActions>
        <Button onClick={onClose}>Cancel</Button>
        <Button variant="primary" busy={acts.busy === "plan"} disabled={!changed || stale || faults.length > 0} onClick={() => void save()}>
          Save the plan
        </Button>
      </DialogActions>
    </Dialog>
  );
}

interface OneProps {
  node: PlannedNode;
  nodes: PlannedNode[];
  keeps: boolean;
  loses: boolean;
  onChange: (part: Partial<PlannedNode>) => void;
  onRemove: () => void;
}

function OneNode({ node, nodes, keeps, loses, onChange, onRemove }: OneProps) {
  const others = nodes.filter((other) => other.id !== node.id);
  const id = useId();
  return (
    <section aria-label={`Step ${node.id}`} className="grid gap-3 rounded-xl border p-3.5">
      <div className="flex items-center gap-2">
        <h3 className="text-sm font-semibold">{node.id}</h3>
        {keeps && <Badge>keeps what it has</Badge>}
        {loses && <Badge tone="warn">is solved anew</Badge>}
        <Button variant="ghost" size="icon" className="ml-auto" aria-label={`Remove step ${node.id}`} title="Remove" onClick={onRemove}>
          <Trash2 className="size-4" />
        </Button>
      </div>
      <Field label="Question">{(ids) => <Textarea {...ids} rows={2} maxLength={4000} className="min-h-14" value={node.question} onChange={(event) => onChange({ question: event.target.value })} />}</Field>
      <div className="grid items-start gap-3 sm:grid-cols-[10rem_1fr]">
        <Field label="Difficulty">
          {(ids) => (
            <Select {...ids} value={node.difficulty} onChange={(event) => onChange({ difficulty: event.target.value as Difficulty })}>
              <option value="easy">easy</option>
              <option value="medium">medium</option>
              <option value="hard">hard</option>
            </Select>
          )}
        </Field>
        <div className="grid gap-1.5">
          <p className="text-[13px] font-medium">Model</p>
          <div className="-ml-2.5 flex">
            <ModelPicker value={node.model ?? "auto"} onPick={(model) => onChange({ model: model === "auto" ? null : model })} />
          </div>
        </div>
      </div>
      {others.length > 0 && (
        <fieldset className="grid gap-1.5">
          <legend className="mb-1 text-[13px] font-medium">Needs the answers of</legend>
          <ul className="flex flex-wrap gap-2">
            {others.map((other) => {
              const on = node.depends_on.includes(other.id);
              const may = on || mayDepend(nodes, node.id, other.id);
              return (
                <li key={other.id}>
                  <label
                    htmlFor={`${id}-${other.id}`}
                    title={may ? other.question : `${other.id} needs ${node.id} already`}
                    className="inline-flex cursor-pointer items-center gap-2 rounded-lg border px-2.5 py-1 text-[13px] hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft has-disabled:cursor-not-allowed has-disabled:text-ink-3"
                  >
                    <input
                      id={`${id}-${other.id}`}
                      type="checkbox"
                      className="size-3.5 accent-accent"
                      checked={on}
                      disabled={!may}
                      onChange={() => onChange({ depends_on: on ? node.depends_on.filter((one) => one !== other.id) : [...node.depends_on, other.id] })}
                    />
                    {other.id}
                  </label>
                </li>
              );
            })}
          </ul>
        </fieldset>
      )}
      <ToolChoice label="Tools" chosen={node.tools} onChange={(tools) => onChange({ tools: tools ?? [] })} />
    </section>
  );
}
