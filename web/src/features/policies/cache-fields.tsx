import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Checkbox, Field, Input, Select } from "@/components/ui/field";
import { api } from "@/lib/api/client";
import type { CacheFigures, CacheSettings, Policy } from "@/lib/api/types";
import { formatCount } from "@/lib/format";
import { toast } from "@/lib/toast";

const start: CacheSettings = {
  mode: "exact",
  ttl_seconds: 3600,
  max_entries: 1000,
  any_temperature: false,
  with_tool_results: false,
  per_user: true,
  threshold: 0.95,
  embedding_model: "all-minilm-l6-v2",
};

/** Whether and how answers are kept. Null: as the workspace has it, or not at all. */
export function CacheFields({ cache, ofKey, onChange }: { cache: CacheSettings | null; ofKey: boolean; onChange: (cache: CacheSettings | null) => void }) {
  const set = (change: Partial<CacheSettings>) => onChange({ ...start, ...cache, ...change });
  const now = cache ?? start;
  const on = cache !== null && cache.mode !== "off";
  return (
    <fieldset className="grid gap-3">
      <legend className="mb-1 text-[15px] font-semibold">Answers kept</legend>
      <p className="text-[13px] text-ink-3">Given again to the same request, at no cost. A call with Cache-Control: no-store asks anew. Chats always do.</p>
      <Field label="Keep answers">
        {(ids) => (
          <Select {...ids} value={cache?.mode ?? ""} onChange={(event) => (event.target.value ? set({ mode: event.target.value as CacheSettings["mode"] }) : onChange(null))}>
            <option value="">{ofKey ? "as the workspace has it" : "no"}</option>
            {ofKey && <option value="off">no</option>}
            <option value="exact">for the very same request</option>
            <option value="semantic">for questions that mean the same</option>
          </Select>
        )}
      </Field>
      {on && (
        <>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Seconds kept">
              {(ids) => <Input {...ids} type="number" required min={1} max={2_592_000} value={now.ttl_seconds ?? ""} onChange={(event) => set({ ttl_seconds: Number(event.target.value) })} />}
            </Field>
            <Field label="Answers at most">
              {(ids) => <Input {...ids} type="number" required min={1} max={100_000} value={now.max_entries ?? ""} onChange={(event) => set({ max_entries: Number(event.target.value) })} />}
            </Field>
            {now.mode === "semantic" && (
              <>
                <Field label="How near" hint="The cosine of two questions; 1 is the same.">
                  {(ids) => <Input {...ids} type="number" required min={0.7} max={1} step={0.01} value={now.threshold ?? ""} onChange={(event) => set({ threshold: Number(event.target.value) })} />}
                </Field>
                <Field label="Vectors by" hint="A model that makes embeddings.">
                  {(ids) => <Input {...ids} required spellCheck={false} value={now.embedding_model ?? ""} onChange={(event) => set({ embedding_model: event.target.value })} />}
                </Field>
              </>
            )}
          </div>
          <Checkbox label="Each person their own" hint="Off: what one was answered, all whom the policy binds are." checked={now.per_user ?? true} onChange={(event) => set({ per_user: event.target.checked })} />
          <Checkbox label="At any temperature" hint="Off: only requests that ask for temperature 0." checked={now.any_temperature ?? false} onChange={(event) => set({ any_temperature: event.target.checked })} />
          <Checkbox label="With results of tools" checked={now.with_tool_results ?? false} onChange={(event) => set({ with_tool_results: event.target.checked })} />
        </>
      )}
    </fieldset>
  );
}

/** What the cache of a policy holds, and a way to empty it. */
export function CacheState({ policy }: { policy: Policy }) {
  const client = useQueryClient();
  const [purging, setPurging] = useState(false);
  const key = ["policies", policy.id, "cache"];
  const { data } = useQuery({ queryKey: key, queryFn: () => api.get<CacheFigures>(`/policies/${policy.id}/cache`) });
  return (
    <div className="flex flex-wrap items-center gap-3 border-t pt-3 text-sm">
      <span className="font-medium">Answers kept</span>
      <span className="text-ink-2 tabular-nums">{data ? `${formatCount(data.entries)}, given again ${formatCount(data.hits)} times` : "…"}</span>
      <Button size="sm" variant="ghost" className="ml-auto" disabled={!data?.entries} onClick={() => setPurging(true)}>
        Forget them
      </Button>
      <Confirm
        open={purging}
        onOpenChange={setPurging}
        title="Forget every answer that was kept?"
        description="Requests are asked anew, at their cost."
        action="Forget them"
        danger
        run={async () => {
          await api.delete(`/policies/${policy.id}/cache`);
          await client.invalidateQueries({ queryKey: key });
          toast("The cache is empty.", { kind: "success" });
        }}
      />
    </div>
  );
}
