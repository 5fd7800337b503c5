import { Files } from "lucide-react";
import { lazy, Suspense } from "react";
import type { Message } from "@/lib/api/types";

const SourcesDialog = lazy(() => import("./sources-dialog"));

interface Props {
  message: Message;
  /** The source that is shown, 0 for all of them; null: none. */
  at: number | null;
  onAt: (at: number | null) => void;
}

/** Below an answer: how many passages of documents it was given. Nothing where it was given none. */
export function Sources({ message, at, onAt }: Props) {
  if (!message.cited) return null;
  return (
    <>
      <button type="button" aria-haspopup="dialog" onClick={() => onAt(0)} className="flex min-h-7 items-center gap-1.5 rounded px-1.5 text-[13px] hover:text-ink">
        <Files aria-hidden className="size-3.5" />
        {message.cited === 1 ? "1 source" : `${message.cited} sources`}
      </button>
      {at !== null && (
        <Suspense>
          <SourcesDialog messageId={message.id} at={at} onClose={() => onAt(null)} />
        </Suspense>
      )}
    </>
  );
}
