import { useQueryClient } from "@tanstack/react-query";
import { Download, Ellipsis, Pencil, RefreshCcw, Tags, Trash2 } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import { RenameDialog } from "@/components/ui/rename";
import { api } from "@/lib/api/client";
import type { KnownDocument } from "@/lib/api/types";
import { toast } from "@/lib/toast";
import { changeDocument, deleteDocuments, documentPath } from "./acts";
import { Properties } from "./properties";
import { notNewer } from "./words";

interface Props {
  document: KnownDocument;
  onNewer: (file: File, name: string) => void;
  onDeleted?: () => void;
}

/** What can be done with one document. */
export function DocumentMenu({ document, onNewer, onDeleted }: Props) {
  const client = useQueryClient();
  const [renaming, setRenaming] = useState(false);
  const [describing, setDescribing] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const replace = (file: File | undefined) => {
    if (!file) return;
    const why = notNewer(document, file);
    if (why) toast(why, { kind: "error" });
    else onNewer(file, document.name);
  };
  return (
    <>
      <Menu>
        <MenuTrigger asChild>
          <Button variant="ghost" size="icon" aria-label={`Actions for ${document.name}`}>
            <Ellipsis className="size-4" />
          </Button>
        </MenuTrigger>
        <MenuContent align="end">
          <MenuItem asChild>
            <a href={`/api${documentPath(document)}/file`} download={document.name}>
              <Download />
              Download the original
            </a>
          </MenuItem>
          <MenuItem onSelect={() => picker.current?.click()}>
            <RefreshCcw />
            Replace by a newer version
          </MenuItem>
          <MenuItem onSelect={() => setTimeout(() => setRenaming(true))}>
            <Pencil />
            Rename
          </MenuItem>
          <MenuItem onSelect={() => setTimeout(() => setDescribing(true))}>
            <Tags />
            Properties
          </MenuItem>
          <MenuSeparator />
          <MenuItem
            danger
            onSelect={() => {
              deleteDocuments(client, [document]);
              onDeleted?.();
            }}
          >
            <Trash2 />
            Delete
          </MenuItem>
        </MenuContent>
      </Menu>
      <input
        ref={picker}
        type="file"
        hidden
        aria-label={`Newer version of ${document.name}`}
        onChange={(event) => {
          replace(event.target.files?.[0]);
          event.target.value = "";
        }}
      />
      <Properties document={document} open={describing} onClose={() => setDescribing(false)} />
      <RenameDialog what="document" open={renaming} onOpenChange={setRenaming} title={document.name} onSave={(name) => void changeDocument(client, api.patch<KnownDocument>(documentPath(document), { name }))} />
    </>
  );
}
