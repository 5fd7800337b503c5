import { useQueryClient } from "@tanstack/react-query";
import { ArrowLeft, Ellipsis, FileUp, Files, FolderX, SearchX, Settings2, Text, Trash2, Upload as UploadIcon, Users, WifiOff } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { Button } from "@/components/ui/button";
import { Confirm } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/field";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { Card, LoadFault, Section, SettingsPage, ShowMore, TableSkeleton } from "@/components/ui/page";
import { Badge, Empty, Notice } from "@/components/ui/parts";
import type { DocumentBase, KnownDocument } from "@/lib/api/types";
import { basesKey } from "@/lib/documents";
import { useLeaving } from "@/lib/forgetting";
import { formatBytes } from "@/lib/format";
import { mayWrite, useSession } from "@/lib/session";
import { deleteBase, deleteDocuments, documentPath } from "./acts";
import { BaseForm } from "./base-form";
import { DocumentRow } from "./document-row";
import { isMissing, NotHere } from "./not-here";
import { PasteText } from "./paste-text";
import { Progress } from "./progress";
import { type Filter, refreshBases, useBase, useBaseEvents, useDocuments } from "./queries";
import { SearchDocuments } from "./search";
import { UploadList } from "./upload-list";
import { useUploads } from "./uploads";
import { useDrop } from "./use-drop";
import { type Order, orders, plural, states } from "./words";

export function BasePage({ id }: { id: string }) {
  const { data: base, error, refetch } = useBase(id);
  if (base && !isMissing(error)) return <Base base={base} />;
  return <NotHere icon={FolderX} title="This knowledge base is not here" error={error} retry={() => void refetch()} />;
}

function Base({ base }: { base: DocumentBase }) {
  const client = useQueryClient();
  const session = useSession();
  const [, navigate] = useLocation();
  const [params] = useSearchParams();
  const [said, setSaid] = useState("");
  const [dialog, setDialog] = useState<"settings" | "text" | "delete" | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const { uploads, items, said: uploaded } = useUploads(base.id);
  const edits = base.may_edit && mayWrite(session);

  const connected = useBaseEvents(base.id, (document) => {
    if (document.state !== "ready" && document.state !== "failed") return;
    setSaid(`${document.name} ${document.state === "ready" ? "is ready" : "could not be read"}.`);
    void refreshBases(client);
  });
  const over = useDrop(edits, (files) => uploads.add(files));

  const add = edits && (
    <>
      <Button variant="primary" onClick={() => picker.current?.click()}>
        <UploadIcon className="size-4" />
        Add files
      </Button>
      <Button onClick={() => setDialog("text")}>
        <Text className="size-4" />
        Add a text
      </Button>
    </>
  );

  return (
    <SettingsPage
      title={base.name}
      description={
        <>
          {base.description && <span className="block whitespace-pre-line [overflow-wrap:anywhere]">{base.description}</span>}
          <span className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1 text-[13px] text-ink-3">
            {base.owner === "tenant" && (
              <Badge>
                <Users aria-hidden className="size-3" />
                Everyone in {session.tenant.name}
              </Badge>
            )}
            {plural(base.documents, "document")} · {plural(base.passages, "passage")} · {formatBytes(base.bytes)}
          </span>
        </>
      }
      action={
        <div className="flex flex-wrap items-center gap-2">
          <Button asChild variant="ghost" size="icon">
            <Link href="/documents" aria-label="All documents" title="All documents">
              <ArrowLeft className="size-4" />
            </Link>
          </Button>
          {add}
          {edits && (
            <Menu>
              <MenuTrigger asChild>
                <Button variant="ghost" size="icon" aria-label="Menu of this knowledge base">
                  <Ellipsis className="size-4.5" />
                </Button>
              </MenuTrigger>
              <MenuContent align="end">
                <MenuItem onSelect={() => setTimeout(() => setDialog("settings"))}>
                  <Settings2 />
                  Settings
                </MenuItem>
                <MenuSeparator />
                <MenuItem danger onSelect={() => setTimeout(() => setDialog("delete"))}>
                  <Trash2 />
                  Delete
                </MenuItem>
              </MenuContent>
            </Menu>
          )}
        </div>
      }
    >
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to add"
        onChange={(event) => {
          uploads.add(event.target.files ?? []);
          event.target.value = "";
        }}
      />
      {!connected && (
        <Notice tone="warn" icon={WifiOff}>
          The connection broke. Reading goes on at the server; reconnecting…
        </Notice>
      )}
      {base.embedded < base.passages && (
        <div className="grid gap-1.5">
          <p className="text-[13px] text-ink-2">
            Being indexed by {base.embedding_model}: {base.embedded.toLocaleString("en-US")} of {plural(base.passages, "passage")}. Search goes on meanwhile.
          </p>
          <Progress label="Indexed passages" value={base.embedded / base.passages} />
        </div>
      )}
      {base.passages > 0 && <SearchDocuments base={base.id} />}
      <UploadList uploads={uploads} items={items} />
      <div hidden={params.has("q")}>
        <Listed base={base} edits={edits} add={add} uploading={items.length > 0} onNewer={(file, name) => uploads.add([file], name)} />
      </div>
      <p role="status" className="sr-only">
        {uploaded}
      </p>
      <p role="status" className="sr-only">
        {said}
      </p>
      {over && (
        <div aria-hidden className="pointer-events-none fixed inset-0 z-40 grid place-content-center bg-shade">
          <p className="flex items-center gap-3 rounded-2xl border bg-raised px-6 py-5 text-base font-medium shadow-pop">
            <FileUp className="size-5 text-accent" />
            Drop to add to {base.name}
          </p>
        </div>
      )}
      <BaseForm open={dialog === "settings"} base={base} onClose={() => setDialog(null)} />
      <PasteText base={base.id} open={dialog === "text"} onClose={() => setDialog(null)} />
      <Confirm
        open={dialog === "delete"}
        onOpenChange={() => setDialog(null)}
        title={`Delete “${base.name}”?`}
        description={`${base.documents === 1 ? "Its one document goes" : `Its ${plural(base.documents, "document")} go`} with it: originals, passages and what finds them. ${base.owner === "tenant" ? "Everyone’s chats" : "Chats"} that use it go on without it, and what answers cited of it is no longer shown.`}
        action="Delete"
        danger
        run={async () => {
          deleteBase(client, base);
          await client.cancelQueries({ queryKey: basesKey });
          navigate("/documents");
        }}
      />
    </SettingsPage>
  );
}

interface ListedProps {
  base: DocumentBase;
  edits: boolean;
  add: ReactNode;
  uploading: boolean;
  onNewer: (file: File, name: string) => void;
}

/** The documents of a base: filtered, sorted, chosen. */
function Listed({ base, edits, add, uploading, onNewer }: ListedProps) {
  const client = useQueryClient();
  const [search, setSearch] = useState("");
  const [filter, setFilter] = useState<Filter>({ search: "", state: "", order: "newest" });
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage, isPlaceholderData } = useDocuments(base.id, filter);
  const leaving = useLeaving();

  useEffect(() => {
    const timer = setTimeout(() => setFilter((before) => (before.search === search.trim() ? before : { ...before, search: search.trim() })), 200);
    return () => clearTimeout(timer);
  }, [search]);

  const narrowed = filter.search !== "" || filter.state !== "";
  const documents = data?.pages.flatMap((page) => page.items).filter((document) => !leaving.has(documentPath(document)));
  const marked = documents?.filter((document) => chosen.has(document.id)) ?? [];
  const choose = (document: KnownDocument, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(document.id);
    else next.delete(document.id);
    setChosen(next);
  };

  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!documents) return <TableSkeleton />;
  if (documents.length === 0 && !narrowed)
    return uploading ? null : (
      <Empty icon={Files} title="No documents yet" action={add && <div className="flex flex-wrap justify-center gap-2">{add}</div>}>
        {edits ? "Drop files anywhere on this page: PDF, Word, HTML, Markdown, CSV, code, pictures with text. They are read, cut into passages and made findable." : "Who may change this knowledge base has added nothing yet."}
      </Empty>
    );
  return (
    <Section title="Documents" description={edits ? "Drop files anywhere on this page. A file of the same name replaces the older version once it is read." : undefined}>
      <div className="flex flex-wrap gap-3">
        <Input aria-label="Filter by name" type="search" className="min-w-full flex-1 sm:min-w-44" placeholder="Filter by name" value={search} onChange={(event) => setSearch(event.target.value)} />
        <Select aria-label="In which state" className="w-36 flex-1 sm:flex-none" value={filter.state} onChange={(event) => setFilter({ ...filter, state: event.target.value as Filter["state"] })}>
          <option value="">in any state</option>
          {Object.entries(states).map(([state, { name }]) => (
            <option key={state} value={state}>
              {name}
            </option>
          ))}
        </Select>
        <Select aria-label="In which order" className="w-36 flex-1 sm:flex-none" value={filter.order} onChange={(event) => setFilter({ ...filter, order: event.target.value as Order })}>
          {Object.entries(orders).map(([name, title]) => (
            <option key={name} value={name}>
              {title}
            </option>
          ))}
        </Select>
      </div>
      {edits && documents.length > 0 && (
        <div className="flex min-h-8 items-center gap-3 pl-4 text-[13px] text-ink-2">
          <label className="flex items-center gap-3">
            <input type="checkbox" className="size-4 accent-accent" checked={marked.length === documents.length} onChange={(event) => setChosen(new Set(event.target.checked ? documents.map((document) => document.id) : []))} />
            {marked.length ? `${marked.length} chosen` : hasNextPage ? "Choose all that are shown" : "Choose all"}
          </label>
          {marked.length > 0 && (
            <Button
              size="sm"
              variant="ghost"
              className="text-danger hover:text-danger"
              onClick={() => {
                deleteDocuments(client, marked);
                setChosen(new Set());
              }}
            >
              <Trash2 className="size-3.5" />
              Delete {plural(marked.length, "document")}
            </Button>
          )}
        </div>
      )}
      {documents.length === 0 ? (
        <Empty icon={SearchX} title="None fits">
          No document of this knowledge base has that name and is in that state.
        </Empty>
      ) : (
        <Card>
          <ul aria-label="Documents" aria-busy={isPlaceholderData || undefined} className="divide-y">
            {documents.map((document) => (
              <li key={document.id}>
                <DocumentRow document={document} edits={edits} chosen={chosen.has(document.id)} onChoose={(on) => choose(document, on)} onNewer={onNewer} />
              </li>
            ))}
          </ul>
        </Card>
      )}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </Section>
  );
}
