import { useState } from "react";
import { Button } from "./button";
import { Dialog, DialogActions } from "./dialog";
import { Field, Input } from "./field";

interface Props {
  /** What is renamed: "chat". */
  what: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  onSave: (title: string) => void;
}

export function RenameDialog({ what, open, onOpenChange, title, onSave }: Props) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={`Rename this ${what}`}>
      <Form
        title={title}
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
  title: string;
  onCancel: () => void;
  onSave: (title: string) => void;
}

function Form({ title, onCancel, onSave }: FormProps) {
  const [value, setValue] = useState(title);
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        onSave(value.trim());
      }}
    >
      <Field label="Name">{(ids) => <Input {...ids} autoFocus required maxLength={200} value={value} onFocus={(event) => event.target.select()} onChange={(event) => setValue(event.target.value)} />}</Field>
      <DialogActions>
        <Button onClick={onCancel}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={!value.trim()}>
          Rename
        </Button>
      </DialogActions>
    </form>
  );
}
