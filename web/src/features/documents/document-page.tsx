import { ArrowLeft, Download, FileX } from "lucide-react";
import { Link, useLocation, useSearchParams } from "wouter";
import { Button } from "@/components/ui/button";
import { Details } from "@/components/ui/details";
import { Card, LoadFault, Section, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge } from "@/components/ui/parts";
import { View, Views } from "@/components/ui/views";
import type { KnownDocument } from "@/lib/api/types";
import { pagesOf } from "@/lib/documents";
import { formatBytes, formatDateTime } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { documentPath } from "./acts";
import { DocumentMenu } from "./document-menu";
import { Standing } from "./document-row";
import { isMissing, NotHere } from "./not-here";
import { useBase, useBaseEvents, useDocument, usePassages } from "./queries";
import { Reader } from "./reader";
import { UploadList } from "./upload-list";
import { useUploads } from "./uploads";
import { kindOf, plural, propertiesOf, spanOf, states } from "./words";

export function DocumentPage({ id }: { id: string }) {
  const { data: document, error, refetch } = useDocument(id);
  if (document && !isMissing(error)) return <Known document={document} />;
  return <NotHere icon={FileX} title="This document is not here" error={error} retry={() => void refetch()} />;
}

function Known({ document }: { document: KnownDocument }) {
  const session = useSession();
  const [, navigate] = useLocation();
  const [params, setParams] = useSearchParams();
  const { data: base } = useBase(document.base_id);
  const { uploads, items, said } = useUploads(document.base_id);
  useBaseEvents(document.base_id, () => undefined);
  const edits = Boolean(base?.may_edit) && mayWrite(session);
  const at = params.get("at");
  const view = params.get("view") === "passages" ? "passages" : "text";
  const back = `/documents/${document.base_id}`;
  return (
    <SettingsPage
      title={document.title || document.name}
      description={
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1 text-[13px]">
          {document.title && document.title !== document.name && <span className="[overflow-wrap:anywhere]">{document.name}</span>}
          {document.state !== "ready" && <Badge tone={states[document.state].tone}>{states[document.state].name}</Badge>}
          <span>
            {base ? (
              <>
                in{" "}
                <Link href={back} className="text-accent underline underline-offset-3">
                  {base.name}
                </Link>
              </>
            ) : (
              " "
            )}
          </span>
        </span>
      }
      action={
        <div className="flex items-center gap-2">
          <Button asChild variant="ghost" size="icon">
            <Link href={back} aria-label="Back to the documents" title="Back to the documents">
              <ArrowLeft className="size-4" />
            </Link>
          </Button>
          <Button asChild>
            <a href={`/api${documentPath(document)}/file`} download={document.name}>
              <Download className="size-4" />
              Original
            </a>
          </Button>
          {edits && <DocumentMenu document={document} onNewer={(file, name) => uploads.add([file], name)} onDeleted={() => navigate(back)} />}
        </div>
      }
    >
      <UploadList uploads={uploads} items={items} />
      <Standing document={document} edits={edits} />
      <Details
        rows={[
          ["Kind", kindOf(document.media_type)],
          ["Size", [formatBytes(document.bytes), document.pages > 0 && plural(document.pages, "page"), document.passages > 0 && plural(document.passages, "passage")].filter(Boolean).join(", ")],
          ["Version", document.version > 1 ? String(document.version) : null],
          ["Added", formatDateTime(document.created_at)],
          ["Changed", document.updated_at !== document.created_at ? formatDateTime(document.updated_at) : null],
        ]}
      />
      {Object.keys(document.metadata).length > 0 && (
        <Section title="Properties">
          <Details rows={propertiesOf(document.metadata).map(({ name, value }) => [name, value || "–"])} />
        </Section>
      )}
      {document.passages > 0 && (
        <Views
          label="What it says"
          views={[
            ["text", "Text"],
            ["passages", "Passages"],
          ]}
          value={view}
          onChange={(to) => setParams(to === "passages" ? { view: to } : {})}
        >
          <View name="text">
            <Reader key={`${document.version} ${at}`} document={document} span={spanOf(at)} />
          </View>
          <View name="passages">
            <Passages document={document} />
          </View>
        </Views>
      )}
      <p role="status" className="sr-only">
        {said}
      </p>
    </SettingsPage>
  );
}

function Passages({ document }: { document: KnownDocument }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = usePassages(document);
  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!data) return <TableSkeleton />;
  return (
    <div className="grid gap-3">
      <ol aria-label="Passages" className="grid gap-2">
        {data.pages.flatMap((page) =>
          page.items.map((passage) => (
            <li key={passage.id}>
              <Card className="grid gap-1.5 px-5 py-3.5">
                <p className="text-[13px] text-ink-3 [overflow-wrap:anywhere]">{[`Passage ${passage.number}`, pagesOf(passage), passage.headings.join(" › ")].filter(Boolean).join(" · ")}</p>
                <p dir="auto" className="text-sm whitespace-pre-wrap [overflow-wrap:anywhere]">
                  {passage.text}
                </p>
              </Card>
            </li>
          )),
        )}
      </ol>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </div>
  );
}
