import { lazy, type ReactNode } from "react";
import PanesPage from "@/features/concurrent_chat/panes-page";

const MergePanel = lazy(() => import("@/features/merging/merge-panel"));

/** Puts features together that do not import each other. */
export default function PanesRoute({ id, lead }: { id: string | null; lead: ReactNode }) {
  return <PanesPage id={id} lead={lead} MergePanel={MergePanel} />;
}
