import { useRoute } from "wouter";
import { BasePage } from "./base-page";
import { Bases } from "./bases";
import { DocumentPage } from "./document-page";

/** Bases; the documents of one; one document. */
export default function DocumentsPage() {
  const [, params] = useRoute("/documents/:base?/:document?");
  if (params?.document) return <DocumentPage key={params.document} id={params.document} />;
  return params?.base ? <BasePage key={params.base} id={params.base} /> : <Bases />;
}
