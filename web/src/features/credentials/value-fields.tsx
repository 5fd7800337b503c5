import { Upload } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Field, Input, Textarea } from "@/components/ui/field";
import type { CredentialType } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { fieldName, isFile, isPlain } from "./words";

const MOST_BYTES = 1024 * 1024;

/** A value as it is being given: by its fields, or as one text (`value`, `value_base64`) for types without. */
export type Given = Record<string, string>;

/** The form of a value, by its type. What is secret is not shown while it is typed, and no browser keeps it. */
export function ValueFields({ type, given, onChange }: { type: CredentialType; given: Given; onChange: (given: Given) => void }) {
  const set = (name: string, text: string) => onChange({ ...given, [name]: text });
  if (type.type === "binary")
    return (
      <Field label="File" hint="At most 1 MB; kept byte for byte.">
        {(ids) => (
          <input
            {...ids}
            type="file"
            required
            className="text-sm"
            onChange={async (event) => {
              const file = event.target.files?.[0];
              if (!file || tooLarge(file)) return onChange({});
              set("value_base64", await base64Of(file));
            }}
          />
        )}
      </Field>
    );
  if (type.fields.length === 0)
    return (
      <Field label={type.type === "json" ? "JSON" : "Text"} hint={type.type === "json" ? "An object; every member may be secret." : undefined}>
        {(ids) => <Textarea {...ids} required spellCheck={false} autoComplete="off" className="min-h-32 font-mono" value={given.value ?? ""} onChange={(event) => set("value", event.target.value)} />}
      </Field>
    );
  return type.fields.map((field) => (
    <Field key={field.name} label={fieldName(field.name) + (field.required ? "" : " (optional)")}>
      {(ids) =>
        isFile(field.name) ? (
          <div className="grid gap-1.5">
            <Textarea {...ids} required={field.required} spellCheck={false} autoComplete="off" className="min-h-24 font-mono text-[12.5px]" value={given[field.name] ?? ""} onChange={(event) => set(field.name, event.target.value)} />
            <FromFile label={fieldName(field.name)} onText={(text) => set(field.name, text)} />
          </div>
        ) : (
          <Input
            {...ids}
            type={isPlain(field.name) ? (field.name === "port" ? "number" : "text") : "password"}
            required={field.required}
            autoComplete="new-password"
            spellCheck={false}
            value={given[field.name] ?? ""}
            onChange={(event) => set(field.name, event.target.value)}
          />
        )
      }
    </Field>
  ));
}

function FromFile({ label, onText }: { label: string; onText: (text: string) => void }) {
  return (
    <Button asChild size="sm" className="cursor-pointer justify-self-start focus-within:outline-2">
      <label>
        <Upload className="size-3.5" />
        From a file
        <input
          type="file"
          aria-label={`${label} from a file`}
          className="sr-only"
          onChange={async (event) => {
            const file = event.target.files?.[0];
            event.target.value = "";
            if (file && !tooLarge(file)) onText(await file.text());
          }}
        />
      </label>
    </Button>
  );
}

function tooLarge(file: File): boolean {
  if (file.size <= MOST_BYTES) return false;
  toast("The vault keeps at most 1 MB.", { kind: "error" });
  return true;
}

function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error ?? new Error("The file cannot be read."));
    reader.readAsDataURL(file);
  });
}

/** As the server takes it. */
export function bodyOf(type: CredentialType, given: Given): Record<string, unknown> {
  if (type.type === "binary") return { value_base64: given.value_base64 ?? "" };
  if (type.fields.length === 0) return { value: given.value ?? "" };
  const filled = Object.entries(given).filter(([name, text]) => text !== "" && type.fields.some((field) => field.name === name));
  return { fields: Object.fromEntries(filled.map(([name, text]) => [name, name === "port" ? Number(text) : text])) };
}
