import { Folder, X } from "lucide-react";
import { cn } from "@/lib/cn";
import { useFolders } from "./queries";

interface Props {
  value: string;
  onChange: (folder: string) => void;
}

/** The folders of the person's chats, of which one can be looked into. Nothing where there is none. */
export default function FolderFilter({ value, onChange }: Props) {
  const { data: folders } = useFolders();
  // One that is looked into stays until it is left, though its last chat may be gone.
  const shown = folders && value && !folders.some(({ folder }) => folder === value) ? [...folders, { folder: value, chats: 0 }] : folders;
  if (!shown?.length) return null;
  return (
    <div role="group" aria-label="Folders" className="mx-3 mb-1 flex gap-1 overflow-x-auto py-1 [scrollbar-width:none]">
      {shown.map(({ folder, chats }) => (
        <button
          key={folder}
          type="button"
          aria-pressed={folder === value}
          title={`${folder}: ${chats}`}
          onClick={() => onChange(folder === value ? "" : folder)}
          className={cn("flex h-7 max-w-40 shrink-0 items-center gap-1.5 rounded-full border px-2.5 text-xs text-ink-2 hover:text-ink", folder === value && "border-accent/50 bg-accent-soft text-accent")}
        >
          {folder === value ? <X aria-hidden className="size-3" /> : <Folder aria-hidden className="size-3" />}
          <span className="truncate">{folder}</span>
        </button>
      ))}
    </div>
  );
}
