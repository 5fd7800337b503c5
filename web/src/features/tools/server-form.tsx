import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { VaultField } from "@/components/vault-field";
import { api, messageOf } from "@/lib/api/client";
import type { ToolServer } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { toolsKey, useCommands } from "./queries";

/** Adds an MCP server, and asks it at once what it offers. */
export function ServerForm({ onDone }: { onDone: () => void }) {
  const client = useQueryClient();
  const { data: listed } = useCommands();
  const [name, setName] = useState("");
  const [program, setProgram] = useState("");
  const [url, setUrl] = useState("");
  const [credential, setCredential] = useState("");
  const [header, setHeader] = useState("Authorization");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const odd = name !== "" && !/^[a-z][a-z0-9_]{0,19}$/.test(name);

  const add = async () => {
    setBusy(true);
    setError("");
    const scheme = header === "Authorization" ? "Bearer" : "";
    const said = program ? { name, command: program } : { name, url: url.trim(), credential_id: credential || null, header_name: header, header_scheme: scheme };
    let server: ToolServer;
    try {
      server = await api.post<ToolServer>("/tools/servers", said);
    } catch (refused) {
      setError(messageOf(refused));
      setBusy(false);
      return;
    }
    try {
      await api.post(`/tools/servers/${server.id}/refresh`);
      toast("Its tools are here.", { kind: "success" });
    } catch (refused) {
      // It is kept, with this beside it.
      toast(messageOf(refused), { kind: "error" });
    }
    await client.invalidateQueries({ queryKey: toolsKey });
    onDone();
  };

  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Name" hint="Its tools are named after it: files_read." error={odd && "At most 20 small letters, digits and _, beginning with a letter"}>
        {(ids) => <Input {...ids} required autoFocus maxLength={20} spellCheck={false} placeholder="files" value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      {listed && listed.commands.length > 0 && (
        <Field label="Where it is">
          {(ids) => (
            <Select {...ids} value={program} onChange={(event) => setProgram(event.target.value)}>
              <option value="">At an address</option>
              {listed.commands.map((command) => (
                <option key={command} value={command}>
                  {`The program ${command}`}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      {!program && (
        <>
          <Field label="Address" hint="Of streamable HTTP.">
            {(ids) => <Input {...ids} required type="url" maxLength={2000} spellCheck={false} placeholder="https://mcp.example.org/mcp" value={url} onChange={(event) => setUrl(event.target.value)} />}
          </Field>
          <VaultField label="Key" hint="Sent with each request, taken from the vault." none="It needs none" value={credential} onChange={setCredential} />
          {credential && (
            <Field label="Header" hint={header === "Authorization" ? "As Bearer, and the key." : "The key alone."}>
              {(ids) => <Input {...ids} required pattern="[A-Za-z0-9-]+" maxLength={100} spellCheck={false} value={header} onChange={(event) => setHeader(event.target.value)} />}
            </Field>
          )}
        </>
      )}
      <DialogActions>
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={odd}>
          Add it
        </Button>
      </DialogActions>
    </form>
  );
}
