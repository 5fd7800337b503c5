import type { ReactNode } from "react";
import PanesPage from "@/features/concurrent_chat/panes-page";

/** Puts features together that do not import each other. */
export default function PanesRoute({ id, lead }: { id: string | null; lead: ReactNode }) {
  // The panel of the merging feature goes in here: MergePanel={lazy(() => import("@/features/merging"))}.
  return <PanesPage id={id} lead={lead} />;
}
