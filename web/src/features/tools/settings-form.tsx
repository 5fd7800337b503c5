import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { DialogActions } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select, Textarea } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { VaultField } from "@/components/vault-field";
import { api, messageOf } from "@/lib/api/client";
import type { ToolInfo, ToolSettings } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { toolsKey } from "./queries";

type Provider = NonNullable<ToolSettings["config"]["provider"]>;

/** Who may call a tool, whether somebody is asked first, and what it needs. */
export function SettingsForm({ tool, onDone }: { tool: ToolInfo; onDone: () => void }) {
  const client = useQueryClient();
  const { settings } = tool;
  const [role, setRole] = useState(settings.least_role ?? "member");
  const [ask, setAsk] = useState(settings.ask_first ?? false);
  const [hosts, setHosts] = useState(settings.config?.hosts?.join("\n") ?? "");
  const [provider, setProvider] = useState<Provider | "">(settings.config?.provider ?? "");
  const [url, setUrl] = useState(settings.config?.url ?? "");
  const [credential, setCredential] = useState(settings.credential_id ?? "");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const keyed = provider === "brave" || provider === "tavily";

  const save = async () => {
    setBusy(true);
    setError("");
    const listed = hosts.split(/[\s,]+/).filter(Boolean);
    const config: ToolSettings["config"] = {
      ...(tool.name === "http_fetch" ? { hosts: listed } : {}),
      ...(tool.name === "web_search" && provider ? { provider, ...(provider === "searxng" ? { url: url.trim() } : {}) } : {}),
    };
    const said = { is_active: settings.is_active ?? true, least_role: role, ask_first: ask, config, credential_id: keyed && credential ? credential : null };
    try {
      await api.put(`/tools/${tool.name}/settings`, said);
      await client.invalidateQueries({ queryKey: toolsKey });
      toast("Saved.", { kind: "success" });
      onDone();
    } catch (refused) {
      setError(messageOf(refused));
      setBusy(false);
    }
  };

  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      {error && <Notice tone="danger">{error}</Notice>}
      <Field label="Who may call it" hint="And those above.">
        {(ids) => (
          <Select {...ids} value={role} onChange={(event) => setRole(event.target.value as typeof role)}>
            <option value="viewer">Viewers</option>
            <option value="member">Members</option>
            <option value="admin">Admins</option>
            <option value="owner">Owners</option>
          </Select>
        )}
      </Field>
      <Checkbox
        label="Ask before each call"
        hint={tool.side_effects ? "It changes something, so a person is asked in any case." : "A person is asked, though it only reads."}
        checked={ask || tool.side_effects}
        disabled={tool.side_effects}
        onChange={(event) => setAsk(event.target.checked)}
      />
      {tool.name === "http_fetch" && (
        <Field label="Hosts that may be read" hint="One a line: example.org, *.example.org for all below it, * for the whole web; example.org:8443 for another port. Addresses of the inner network are never read, unless the operator lists them.">
          {(ids) => <Textarea {...ids} spellCheck={false} className="min-h-28 font-mono text-[13px]" placeholder="none" value={hosts} onChange={(event) => setHosts(event.target.value)} />}
        </Field>
      )}
      {tool.name === "web_search" && (
        <>
          <Field label="Provider">
            {(ids) => (
              <Select {...ids} value={provider} onChange={(event) => setProvider(event.target.value as typeof provider)}>
                <option value="">None: there is no web search</option>
                <option value="brave">Brave Search</option>
                <option value="tavily">Tavily</option>
                <option value="searxng">SearXNG</option>
              </Select>
            )}
          </Field>
          {keyed && <VaultField label="Key" value={credential} onChange={setCredential} />}
          {provider === "searxng" && (
            <Field label="Address" hint="Of your SearXNG, with JSON among its formats.">
              {(ids) => <Input {...ids} required type="url" spellCheck={false} placeholder="https://search.example.org" value={url} onChange={(event) => setUrl(event.target.value)} />}
            </Field>
          )}
        </>
      )}
      <DialogActions>
        <Button onClick={onDone}>Cancel</Button>
        <Button type="submit" variant="primary" busy={busy} disabled={keyed && !credential}>
          Save
        </Button>
      </DialogActions>
    </form>
  );
}
