import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Textarea } from "@/components/ui/field";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  value: string;
  onSave: (value: string) => void;
}

/** The system prompt of one chat. */
export default function Instructions({ open, onOpenChange, value, onSave }: Props) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Instructions"
      description="The model reads these before every question of this chat."
      className="w-[min(94vw,38rem)]"
    >
      <Form
        value={value}
        onCancel={() => onOpenChange(false)}
        onSave={(next) => {
          onSave(next);
          onOpenChange(false);
        }}
      />
    </Dialog>
  );
}

interface FormProps {
  value: string;
  onCancel: () => void;
  onSave: (value: string) => void;
}

function Form({ value, onCancel, onSave }: FormProps) {
  const [text, setText] = useState(value);
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        onSave(text.trim());
      }}
    >
      <Field label="System prompt" hint="How to answer, what to know, what to leave out. Longer ones cost tokens with each question.">
        {(ids) => (
          <Textarea {...ids} rows={9} maxLength={100_000} value={text} onChange={(event) => setText(event.target.value)} placeholder="You are a careful editor. Answer in short sentences." />
        )}
      </Field>
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary">
          Save
        </Button>
      </DialogActions>
    </form>
  );
}
