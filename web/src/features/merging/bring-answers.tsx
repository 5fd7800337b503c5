import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input, Textarea } from "@/components/ui/field";
import { copyText } from "@/lib/clipboard";
import { toast } from "@/lib/toast";
import MergePanel from "./merge-panel";

const MOST = 12;

/** Merges answers that somebody has from elsewhere. */
export function BringAnswers() {
  const [prompt, setPrompt] = useState("");
  const [answers, setAnswers] = useState([
    { model: "", text: "" },
    { model: "", text: "" },
  ]);
  const change = (at: number, part: Partial<(typeof answers)[number]>) => setAnswers(answers.map((one, index) => (index === at ? { ...one, ...part } : one)));
  const ready = answers.filter((one) => one.model.trim() && one.text.trim());
  return (
    <div className="grid gap-4">
      <Field label="What was asked">{(ids) => <Textarea {...ids} rows={2} maxLength={200_000} value={prompt} onChange={(event) => setPrompt(event.target.value)} />}</Field>
      {answers.map((one, at) => (
        <div key={at} className="grid items-start gap-3 md:grid-cols-[14rem_1fr]">
          <Field label={`Model ${at + 1}`}>{(ids) => <Input {...ids} maxLength={200} value={one.model} onChange={(event) => change(at, { model: event.target.value })} />}</Field>
          <Field label={`Answer ${at + 1}`}>{(ids) => <Textarea {...ids} rows={2} maxLength={100_000} value={one.text} onChange={(event) => change(at, { text: event.target.value })} />}</Field>
        </div>
      ))}
      <div>
        <Button size="sm" disabled={answers.length >= MOST} onClick={() => setAnswers([...answers, { model: "", text: "" }])}>
          <Plus className="size-3.5" />
          One more answer
        </Button>
      </div>
      {prompt.trim() && ready.length > 0 ? (
        <MergePanel prompt={prompt} answers={ready} onUse={(text) => void copyText(text).then((done) => done && toast("Copied."))} />
      ) : (
        <p className="text-[13px] text-ink-3">Say what was asked, and give answers with the names of their models.</p>
      )}
    </div>
  );
}
