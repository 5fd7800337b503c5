import { useQuery, useQueryClient } from "@tanstack/react-query";
import { LayoutDashboard } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input, Select } from "@/components/ui/field";
import { Notice } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Page } from "@/lib/api/types";
import { toast } from "@/lib/toast";

/** What is put on a canvas: the server reads it itself, and notes where it comes from. */
export type PutSource =
  | { kind: "message"; chat_id: string; message_id: string }
  | { kind: "pane"; pane_id: string; message_id?: string }
  | { kind: "merge"; merge_id: string }
  | { kind: "reasoning"; session_id: string };

interface Choice {
  id: string;
  canvas_name: string;
  role: string;
}

/** A button that puts an answer on a canvas that is chosen, or made. */
export function SendToCanvas({ source, words = false, name }: { source: PutSource; words?: boolean; name?: string }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button variant="ghost" size={words ? "sm" : "icon"} aria-label={words ? undefined : "Send to canvas"} title="Send to canvas" onClick={() => setOpen(true)}>
        <LayoutDashboard className="size-4" />
        {words && "Send to canvas"}
      </Button>
      {open && <SendDialog source={source} name={name} onClose={() => setOpen(false)} />}
    </>
  );
}

function SendDialog({ source, name, onClose }: { source: PutSource; name: string | undefined; onClose: () => void }) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const { data, error } = useQuery({ queryKey: ["canvases", "to-put"], queryFn: async () => (await api.get<Page<Choice>>("/canvas/canvases", { query: { limit: 100 } })).items, staleTime: 0 });
  const canvases = data?.filter((one) => one.role === "owner" || one.role === "editor");
  const [canvas, setCanvas] = useState("");
  const [title, setTitle] = useState(name?.slice(0, 200) ?? "");
  const [form, setForm] = useState<"artifacts" | "document">("artifacts");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");

  const put = async () => {
    setBusy(true);
    setFault("");
    try {
      let id = canvas;
      // A canvas that is made here begins empty, but for what is put on it.
      if (!id) id = (await api.post<{ id: string }>("/canvas/canvases", { canvas_name: title.trim() || null, artifacts: [] })).id;
      setCanvas(id);
      await api.post(`/canvas/canvases/${id}/put`, { from: source, as: form });
      void queries.invalidateQueries({ queryKey: ["canvases"] });
      toast("It is on the canvas.", { kind: "success", action: { label: "Open", run: () => navigate(`/canvas/${id}`) } });
      onClose();
    } catch (problem) {
      setFault(messageOf(problem));
      setBusy(false);
    }
  };

  return (
    <Dialog open onOpenChange={(next) => !next && onClose()} title="Send to a canvas" description="The words keep where they come from: model, prompt and cost are shown there.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void put();
        }}
      >
        <Field label="Canvas" error={error ? messageOf(error) : undefined}>
          {(ids) => (
            <Select {...ids} value={canvas} onChange={(event) => setCanvas(event.target.value)}>
              <option value="">A new canvas</option>
              {canvases?.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.canvas_name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {!canvas && <Field label="Name of the new canvas">{(ids) => <Input {...ids} maxLength={200} placeholder="Untitled" value={title} onChange={(event) => setTitle(event.target.value)} />}</Field>}
        <Field label="As">
          {(ids) => (
            <Select {...ids} value={form} onChange={(event) => setForm(event.target.value as typeof form)}>
              <option value="artifacts">Its parts: text, code, tables and diagrams apart</option>
              <option value="document">One text</option>
            </Select>
          )}
        </Field>
        {fault && <Notice tone="danger">{fault}</Notice>}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" variant="primary" busy={busy}>
            Send
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
