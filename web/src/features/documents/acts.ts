/** What a person does with bases and documents. */
import type { QueryClient } from "@tanstack/react-query";
import { api, messageOf } from "@/lib/api/client";
import type { DocumentBase, KnownDocument } from "@/lib/api/types";
import { documentsKey } from "@/lib/documents";
import { forgetSoon } from "@/lib/forgetting";
import { toast } from "@/lib/toast";
import { putDocument } from "./queries";
import { plural } from "./words";

export const basePath = ({ id }: Pick<DocumentBase, "id">) => `/documents/bases/${id}` as const;
export const documentPath = ({ id }: Pick<KnownDocument, "id">) => `/documents/documents/${id}` as const;

/** Asks for each in turn; tells how many were refused, and why the first was. */
async function deleteAll(client: QueryClient, paths: readonly string[]): Promise<void> {
  const faults: unknown[] = [];
  for (const path of paths) await api.delete(path).catch((fault: unknown) => faults.push(fault));
  if (faults.length) toast(`${faults.length === 1 ? "It is" : `${faults.length} are`} not deleted: ${messageOf(faults[0])}`, { kind: "error" });
  await client.invalidateQueries({ queryKey: documentsKey });
}

export function deleteDocuments(client: QueryClient, documents: readonly KnownDocument[]): void {
  const [first, ...others] = documents.map(documentPath);
  if (!first) return;
  const paths = [first, ...others] as const;
  forgetSoon({ paths, said: documents.length === 1 ? `Deleted “${documents[0]?.name}”.` : `Deleted ${plural(documents.length, "document")}.`, run: () => deleteAll(client, paths) });
}

export function deleteBase(client: QueryClient, base: DocumentBase): void {
  const path = basePath(base);
  forgetSoon({ paths: [path], said: `Deleted “${base.name}”.`, run: () => deleteAll(client, [path]) });
}

/** Asks for a change of a document and shows what it is then. Tells whether it was done. */
export async function changeDocument(client: QueryClient, asked: Promise<KnownDocument>): Promise<boolean> {
  try {
    putDocument(client, await asked);
    return true;
  } catch (fault) {
    toast(messageOf(fault), { kind: "error" });
    return false;
  }
}

export const retryDocument = (client: QueryClient, document: KnownDocument) => changeDocument(client, api.post<KnownDocument>(`/documents/documents/${document.id}/retry`));
export const cancelDocument = (client: QueryClient, document: KnownDocument) => changeDocument(client, api.post<KnownDocument>(`/documents/documents/${document.id}/cancel`));
