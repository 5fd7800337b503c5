import { useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { Checkbox } from "@/components/ui/field";
import { Badge, Notice, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { ToolCitation, ToolInfo, ToolTried } from "@/lib/api/types";
import { SchemaFields } from "./schema-fields";
import { fieldsOf, readForm } from "./schema";
import { linkOf, milliseconds } from "./words";

/** Calls a tool with what a form of its schema says, and shows what comes of it. */
export function TryTool({ tool }: { tool: ToolInfo }) {
  const fields = fieldsOf(tool.parameters);
  const [values, setValues] = useState<Record<string, string>>({});
  const [faults, setFaults] = useState<Record<string, string>>({});
  const [confirmed, setConfirmed] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const [tried, setTried] = useState<ToolTried | null>(null);

  const run = async () => {
    const read = readForm(fields, values);
    setFaults(read.faults);
    if (Object.keys(read.faults).length) return;
    setBusy(true);
    setError("");
    setTried(null);
    try {
      setTried(await api.post<ToolTried>(`/tools/${tool.name}/try`, { arguments: read.arguments, confirmed }));
    } catch (fault) {
      setError(messageOf(fault));
    }
    setBusy(false);
  };

  return (
    <form
      className="grid min-w-0 gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      {fields.length ? (
        <SchemaFields fields={fields} values={values} faults={faults} onChange={(name, value) => setValues({ ...values, [name]: value })} />
      ) : (
        <p className="text-sm text-ink-2">It takes no arguments.</p>
      )}
      {tool.asks_first && (
        <Checkbox
          label="Go ahead"
          hint={tool.side_effects ? "It changes something outside of RADIANT. A model asks you before each call, too." : "An admin wants to be asked before each call."}
          checked={confirmed}
          onChange={(event) => setConfirmed(event.target.checked)}
        />
      )}
      {error && <Notice tone="danger">{error}</Notice>}
      {tried && <Result tried={tried} />}
      <DialogActions>
        <Button type="submit" variant="primary" busy={busy} disabled={tool.asks_first && !confirmed}>
          {tried || error ? "Call it again" : "Call it"}
        </Button>
      </DialogActions>
    </form>
  );
}

function Result({ tried }: { tried: ToolTried }) {
  return (
    <div role="status" className="grid min-w-0 gap-3">
      <p className="flex flex-wrap items-center gap-2 text-sm">
        <span className="font-medium">Result</span>
        <Badge tone="good">{milliseconds(tried.duration_ms)}</Badge>
      </p>
      <pre tabIndex={0} role="region" aria-label="Text" className="scroll max-h-72 overflow-auto rounded-lg border bg-code px-3 py-2 font-mono text-[12.5px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]">
        {tried.text || "It says nothing."}
      </pre>
      {tried.citations.length > 0 && (
        <section aria-label="Sources" className="grid gap-1.5">
          <h3 className="text-[13px] font-medium">Sources</h3>
          <ul className="grid gap-1.5 text-[13px]">
            {tried.citations.map((cited, index) => (
              <Cited key={index} cited={cited} />
            ))}
          </ul>
        </section>
      )}
      {tried.data !== null && tried.data !== undefined && (
        <details className="min-w-0">
          <summary className="cursor-pointer text-[13px] font-medium">Data</summary>
          <div className="mt-2 min-w-0">
            <Snippet text={JSON.stringify(tried.data, null, 2)} label="Data" lines />
          </div>
        </details>
      )}
    </div>
  );
}

function Cited({ cited }: { cited: ToolCitation }) {
  const link = linkOf(cited.source);
  const name = cited.title || cited.source;
  return (
    <li className="[overflow-wrap:anywhere]">
      {link ? (
        <a href={link} target="_blank" rel="noopener noreferrer" className="text-accent underline underline-offset-3">
          {name}
        </a>
      ) : (
        <span className="font-medium">{name}</span>
      )}
      {cited.quote && <q className="block text-ink-2">{cited.quote}</q>}
    </li>
  );
}
