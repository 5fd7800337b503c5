import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Globe } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { LoadFault } from "@/components/ui/page";
import { Badge, Notice, Skeleton, Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import { formatDateTime } from "@/lib/format";
import { canvasesKey, canvasKey } from "./queries";
import type { Publication } from "./types";

/** Fixed copies of a canvas that whoever has their address may read. */
export function PublishDialog({ canvasId, onClose }: { canvasId: string; onClose: () => void }) {
  const queries = useQueryClient();
  const key = ["canvas-publications", canvasId];
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: async () => (await api.get<{ items: Publication[] }>(`/canvas/canvases/${canvasId}/publications`)).items });
  const [made, setMade] = useState<Publication | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState("");

  const run = async (name: string, what: () => Promise<void>) => {
    setBusy(name);
    setFault("");
    try {
      await what();
      await Promise.all([key, canvasKey(canvasId), canvasesKey].map((queryKey) => queries.invalidateQueries({ queryKey })));
    } catch (problem) {
      setFault(messageOf(problem));
    } finally {
      setBusy(null);
    }
  };
  const publish = () => run("publish", async () => setMade(await api.post<Publication>(`/canvas/canvases/${canvasId}/publications`)));
  const revoke = (id: string) =>
    run(id, async () => {
      await api.delete(`/canvas/canvases/${canvasId}/publications/${id}`);
      if (made?.id === id) setMade(null);
    });

  return (
    <Dialog open onOpenChange={(next) => !next && onClose()} title="Publish this canvas" description="Publishing makes a copy of what is here now. Whoever has its address may read it, without an account; later changes are not in it. Its pages and drawings run apart from RADIANT, without anybody's session." className="w-[min(94vw,36rem)]">
      {fault && <Notice tone="danger">{fault}</Notice>}
      {made?.url && (
        <section aria-label="Published" className="grid gap-2">
          <Snippet text={new URL(made.url, location.href).href} label="Address" />
          <p className="text-[13px] text-ink-3">This address is shown once: keep it, or publish again for another one.</p>
        </section>
      )}
      {error && !data ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton className="h-16" />
      ) : (
        data.length > 0 && (
          <ul aria-label="Published copies" className="divide-y rounded-xl border">
            {data.map((one) => (
              <li key={one.id} className="flex items-center justify-between gap-3 px-4 py-2.5">
                <span className="grid text-sm">
                  {formatDateTime(one.published_at)}
                  <span className="text-[13px] text-ink-3">Version {one.canvas_version}</span>
                </span>
                {one.revoked_at ? (
                  <Badge>revoked</Badge>
                ) : (
                  <Button size="sm" busy={busy === one.id} onClick={() => void revoke(one.id)}>
                    Revoke
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )
      )}
      <DialogActions>
        <Button onClick={onClose}>Close</Button>
        <Button variant="primary" busy={busy === "publish"} onClick={() => void publish()}>
          <Globe className="size-4" />
          Publish now
        </Button>
      </DialogActions>
    </Dialog>
  );
}
