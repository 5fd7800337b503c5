import { useMemo, useState } from "react";
import { Dialog } from "@/components/ui/dialog";
import { Field, Select } from "@/components/ui/field";
import { cn } from "@/lib/cn";
import { agreement, compare, type Piece } from "./compare";
import type { ShownAnswer } from "./queries";

interface Props {
  answers: readonly ShownAnswer[];
  left: string;
  right: string;
  nameOf: (paneId: string) => string;
  onClose: () => void;
}

/** Any two answers side by side, sentence by sentence. */
export default function CompareDialog({ answers, left, right, nameOf, onClose }: Props) {
  const [sides, setSides] = useState({ left, right });
  const textOf = (id: string) => answers.find((answer) => answer.message.id === id)?.text ?? "";
  const rows = useMemo(() => compare(textOf(sides.left), textOf(sides.right)), [sides, answers]);
  const choice = (side: "left" | "right", label: string) => (
    <Field label={label}>
      {(ids) => (
        <Select {...ids} value={sides[side]} onChange={(event) => setSides({ ...sides, [side]: event.target.value })}>
          {answers.map((answer) => (
            <option key={answer.message.id} value={answer.message.id}>
              {nameOf(answer.pane.id)}: {answer.question.slice(0, 60) || "picture"}
            </option>
          ))}
        </Select>
      )}
    </Field>
  );
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title="Compare answers"
      description={`${Math.round(agreement(rows) * 100)} % of the sentences are the same. What differs is marked.`}
      className="w-[min(96vw,68rem)]"
    >
      <div className="grid grid-cols-2 gap-3">
        {choice("left", "Left")}
        {choice("right", "Right")}
      </div>
      <div role="table" aria-label="Sentences of both answers" className="overflow-hidden rounded-xl border">
        {rows.length === 0 && <p className="p-4 text-sm text-ink-2">Neither says anything.</p>}
        {rows.map((row, at) => (
          <div key={at} role="row" className="grid grid-cols-2 border-t text-sm leading-relaxed first:border-t-0">
            <Side pieces={row.left} tone="bg-danger-soft text-danger" tag="del" />
            <Side pieces={row.right} tone="bg-good-soft text-good" tag="ins" />
          </div>
        ))}
      </div>
    </Dialog>
  );
}

interface SideProps {
  pieces: Piece[] | null;
  tone: string;
  tag: "del" | "ins";
}

const Side = ({ pieces, tone, tag: Tag }: SideProps) => (
  <div role="cell" dir="auto" className={cn("min-w-0 px-3.5 py-2 [overflow-wrap:anywhere] last:border-l", !pieces && "bg-panel")}>
    {pieces?.map((piece, at) =>
      piece.changed ? (
        <Tag key={at} className={cn("rounded px-0.5 font-medium no-underline", tone)}>
          {piece.text}
        </Tag>
      ) : (
        piece.text
      ),
    )}
  </div>
);
