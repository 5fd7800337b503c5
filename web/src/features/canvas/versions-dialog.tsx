import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { RotateCcw, Sparkles } from "lucide-react";
import { useState } from "react";
import { Hunks } from "@/components/rooms/hunks";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Input } from "@/components/ui/field";
import { LoadFault, ShowMore } from "@/components/ui/page";
import { Notice, Skeleton } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { Difference } from "@/lib/api/schema";
import type { Page } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatDateTime } from "@/lib/format";
import { toast } from "@/lib/toast";
import { useCanvasRoom } from "./context";
import { type Artifact, titleOf } from "./model";
import type { VersionSummary } from "./types";

/** What an artifact said before: by whom, when, what has changed since, and the way back. */
export function VersionsDialog({ artifact, onClose }: { artifact: Artifact; onClose: () => void }) {
  const { canvasId, writes } = useCanvasRoom();
  const queries = useQueryClient();
  const key = ["artifact-versions", artifact.id];
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => api.get<Page<VersionSummary>>(`/canvas/canvases/${canvasId}/artifacts/${artifact.id}/versions`, { query: { cursor: pageParam, limit: 30 } }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
    staleTime: 0,
  });
  const versions = data?.pages.flatMap((page) => page.items);
  const [chosen, setChosen] = useState<number | null>(null);
  const newest = versions?.[0]?.version ?? null;
  const looked = chosen ?? (versions && versions.length > 1 ? (versions[1] as VersionSummary).version : newest);
  const [name, setName] = useState("");
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState("");

  const run = async (what: string, asked: () => Promise<unknown>, said: string) => {
    setBusy(what);
    setFault("");
    try {
      await asked();
      await queries.invalidateQueries({ queryKey: key });
      toast(said, { kind: "success" });
    } catch (problem) {
      setFault(messageOf(problem));
    } finally {
      setBusy(null);
    }
  };

  return (
    <Dialog open onOpenChange={(next) => !next && onClose()} title={`Versions of ${titleOf(artifact)}`} className="w-[min(96vw,58rem)]">
      {fault && <Notice tone="danger">{fault}</Notice>}
      {writes && (
        <form
          className="flex gap-2"
          onSubmit={(event) => {
            event.preventDefault();
            void run("name", () => api.post(`/canvas/canvases/${canvasId}/artifacts/${artifact.id}/versions`, { name: name.trim() }), "Kept under that name.").then(() => setName(""));
          }}
        >
          <Input aria-label="Name for what it says now" placeholder="Name what it says now, to keep it" required maxLength={200} value={name} onChange={(event) => setName(event.target.value)} />
          <Button type="submit" busy={busy === "name"} disabled={!name.trim()}>
            Keep
          </Button>
        </form>
      )}
      {error && !versions ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !versions ? (
        <Skeleton className="h-40" />
      ) : versions.length === 0 ? (
        <p className="text-sm text-ink-2">There is no version yet. One is made a moment after each change.</p>
      ) : (
        <div className="grid min-h-0 min-w-0 gap-4 sm:grid-cols-[15rem_1fr]">
          <div className="grid content-start gap-2">
            <ul aria-label="Versions" className="scroll grid max-h-[50dvh] content-start gap-0.5">
              {versions.map((version) => (
                <li key={version.version}>
                  <button
                    type="button"
                    aria-current={version.version === looked || undefined}
                    onClick={() => setChosen(version.version)}
                    className={cn("grid w-full rounded-lg px-3 py-1.5 text-left hover:bg-hover", version.version === looked && "bg-hover")}
                  >
                    <span className="truncate text-sm font-medium">{version.name || `Version ${version.version}`}</span>
                    <span className="truncate text-[13px] text-ink-3">
                      {byOf(version)} · {formatDateTime(version.created_at)}
                    </span>
                  </button>
                </li>
              ))}
            </ul>
            <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
          </div>
          {looked !== null && newest !== null && (
            <section aria-label="What has changed since" className="grid min-w-0 content-start gap-2">
              <Changes canvasId={canvasId} artifactId={artifact.id} from={looked} to={newest} />
              {writes && looked !== newest && (
                <Button
                  className="justify-self-end"
                  busy={busy === "restore"}
                  onClick={() => void run("restore", () => api.post(`/canvas/canvases/${canvasId}/artifacts/${artifact.id}/versions/${looked}/restore`), `It says again what it said in version ${looked}.`).then(onClose)}
                >
                  <RotateCcw className="size-4" />
                  Restore this version
                </Button>
              )}
            </section>
          )}
        </div>
      )}
    </Dialog>
  );
}

const byOf = ({ created_by_name: by, authors, models }: VersionSummary) => (
  <>
    {by ?? (authors.length > 1 ? `${authors.length} people` : "somebody")}
    {models.length > 0 && (
      <>
        {" with "}
        <Sparkles aria-hidden className="inline size-3" />
        {models.join(", ")}
      </>
    )}
  </>
);

function Changes({ canvasId, artifactId, from, to }: { canvasId: string; artifactId: string; from: number; to: number }) {
  const same = from === to;
  const compared = useQuery({
    queryKey: ["artifact-compare", artifactId, from, to],
    queryFn: () => api.get<Difference>(`/canvas/canvases/${canvasId}/artifacts/${artifactId}/compare`, { query: { from, to } }),
    enabled: !same,
  });
  const alone = useQuery({ queryKey: ["artifact-version", artifactId, from], queryFn: () => api.get<{ content: string }>(`/canvas/canvases/${canvasId}/artifacts/${artifactId}/versions/${from}`), enabled: same });
  const { error, refetch } = same ? alone : compared;
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (same) return alone.data ? <pre className="scroll max-h-[50dvh] overflow-auto rounded-lg border bg-code p-3 font-mono text-[12.5px] whitespace-pre-wrap">{alone.data.content}</pre> : <Skeleton className="h-40" />;
  if (!compared.data) return <Skeleton className="h-40" />;
  return <Hunks hunks={compared.data.hunks} />;
}
