import type { ComponentType, ReactNode } from "react";
import { SessionList } from "./session-list";
import type { MergePanelProps } from "./room-dialogs";
import { SessionPage } from "./session-page";

interface Props {
  id: string | null;
  /** What the shell puts at the start of the header: the way to the sidebar. */
  lead: ReactNode;
  MergePanel: ComponentType<MergePanelProps>;
}

export default function PanesPage({ id, lead, MergePanel }: Props) {
  return id ? <SessionPage key={id} id={id} lead={lead} MergePanel={MergePanel} /> : <SessionList lead={lead} />;
}
