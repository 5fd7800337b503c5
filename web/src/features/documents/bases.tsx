import { Files, Plus } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { LoadFault, Section, SettingsPage, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty } from "@/components/ui/parts";
import type { DocumentBase } from "@/lib/api/types";
import { useBases } from "@/lib/documents";
import { useLeaving } from "@/lib/forgetting";
import { formatBytes } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { basePath } from "./acts";
import { BaseForm } from "./base-form";
import { SearchDocuments } from "./search";
import { percent, plural } from "./words";

/** Every base, and a search in all of them. */
export function Bases() {
  const session = useSession();
  const [, navigate] = useLocation();
  const [making, setMaking] = useState(false);
  const { data, error, refetch } = useBases();
  const leaving = useLeaving();
  const bases = data?.filter((base) => !leaving.has(basePath(base)));
  const mine = bases?.filter((base) => base.owner === "person") ?? [];
  const shared = bases?.filter((base) => base.owner === "tenant") ?? [];
  const make = mayWrite(session) && (
    <Button variant="primary" onClick={() => setMaking(true)}>
      <Plus className="size-4" />
      New knowledge base
    </Button>
  );

  return (
    <SettingsPage title="Documents" description="Files and texts that RADIANT searches and cites. Choose a knowledge base in a chat, and its answers say where they are from." action={bases?.length ? make : null}>
      {bases && bases.length > 0 && <SearchDocuments base="" />}
      {error ? (
        <LoadFault error={error} retry={() => void refetch()} />
      ) : !bases ? (
        <TableSkeleton rows={3} />
      ) : bases.length === 0 ? (
        <Empty icon={Files} title="No knowledge base yet" action={make}>
          A knowledge base holds documents that belong together: the papers of a project, the handbook of a team. You find passages in it by words and by meaning.
        </Empty>
      ) : (
        <>
          {mine.length > 0 && (
            <Section title="Mine" description="Nobody else reads these, admins neither.">
              <BaseCards label="Mine" bases={mine} />
            </Section>
          )}
          {shared.length > 0 && (
            <Section title={`Of ${session.tenant.name}`} description="Every member of the workspace reads these.">
              <BaseCards label={`Of ${session.tenant.name}`} bases={shared} />
            </Section>
          )}
        </>
      )}
      <BaseForm open={making} base={null} onClose={() => setMaking(false)} onMade={(base) => navigate(`/documents/${base.id}`)} />
    </SettingsPage>
  );
}

const BaseCards = ({ label, bases }: { label: string; bases: DocumentBase[] }) => (
  <ul aria-label={label} className="grid gap-3 sm:grid-cols-2">
    {bases.map((base) => (
      <li key={base.id}>
        <Link href={`/documents/${base.id}`} className="grid h-full content-start gap-1.5 rounded-xl border bg-raised px-5 py-4 hover:bg-hover">
          <span className="flex items-start justify-between gap-2">
            <span className="min-w-0 font-medium [overflow-wrap:anywhere]">{base.name}</span>
            {base.embedded < base.passages && <Badge tone="accent">indexing {percent(base.embedded / base.passages)}</Badge>}
          </span>
          {base.description && <span className="line-clamp-2 text-sm text-ink-2 [overflow-wrap:anywhere]">{base.description}</span>}
          <span className="text-[13px] text-ink-3">
            {base.documents ? `${plural(base.documents, "document")} · ${formatBytes(base.bytes)}` : "Empty"}
          </span>
        </Link>
      </li>
    ))}
  </ul>
);
