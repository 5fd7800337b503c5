import { ArrowDown, ArrowUp, Plus, X } from "lucide-react";
import { useState } from "react";
import { flushSync } from "react-dom";
import { Button } from "@/components/ui/button";
import { ModelField } from "./model-field";
import { moved } from "./moved";

const MOST = 8;

interface Props {
  models: string[];
  error?: string;
  onChange: (models: string[]) => void;
}

/** The models that are asked where the first cannot, in the order in which they are. */
export function Fallbacks({ models, error, onChange }: Props) {
  const [said, setSaid] = useState("");
  const step = (at: number, to: number) => {
    if (to < 0 || to >= models.length) return;
    flushSync(() => onChange(moved(models, at, to)));
    setSaid(`${models[at] || "The fall-back"} is now ${to + 1} of ${models.length}.`);
    // The focus goes with the model.
    document.getElementById(`fallback-${to}-${to < at ? "earlier" : "later"}`)?.focus();
  };
  return (
    <>
      {models.map((value, at) => (
        <div key={at} className="flex items-start gap-1">
          <ModelField
            label={at ? "and then" : "If that cannot"}
            className="mr-1 min-w-0 flex-1"
            value={value}
            onChange={(next) => onChange(models.map((one, index) => (index === at ? next : one)))}
          />
          {models.length > 1 && (
            <>
              <Button id={`fallback-${at}-earlier`} variant="ghost" size="icon" aria-label={`Ask fall-back ${at + 1} earlier`} aria-disabled={at === 0 || undefined} className="mt-6.5 aria-disabled:opacity-35" onClick={() => step(at, at - 1)}>
                <ArrowUp className="size-4" />
              </Button>
              <Button id={`fallback-${at}-later`} variant="ghost" size="icon" aria-label={`Ask fall-back ${at + 1} later`} aria-disabled={at === models.length - 1 || undefined} className="mt-6.5 aria-disabled:opacity-35" onClick={() => step(at, at + 1)}>
                <ArrowDown className="size-4" />
              </Button>
            </>
          )}
          <Button variant="ghost" size="icon" aria-label={`Remove fall-back ${at + 1}`} className="mt-6.5" onClick={() => onChange(models.filter((_, index) => index !== at))}>
            <X className="size-4" />
          </Button>
        </div>
      ))}
      {error && (
        <p role="alert" className="text-[13px] text-danger">
          {error}
        </p>
      )}
      {models.length < MOST && (
        <Button size="sm" variant="outline" className="justify-self-start" onClick={() => onChange([...models, ""])}>
          <Plus className="size-3.5" />
          Add a fall-back
        </Button>
      )}
      <p aria-live="polite" className="sr-only">
        {said}
      </p>
    </>
  );
}
