/** What can be done with a chat, one dialog each; a chunk of its own, fetched when the first is opened. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { FileDown, Link2Off } from "lucide-react";
import { useState } from "react";
import { chatsKey, updateChat } from "@/components/conversation/chat";
import { Button } from "@/components/ui/button";
import { Dialog, DialogActions } from "@/components/ui/dialog";
import { Field, Input } from "@/components/ui/field";
import { LoadFault } from "@/components/ui/page";
import { Skeleton, Snippet } from "@/components/ui/parts";
import { RenameDialog } from "@/components/ui/rename";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { Chat, ChatShare } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { toast } from "@/lib/toast";
import { foldersKey, useFolders } from "./queries";

export type ChatDialog = "rename" | "folder" | "share";

interface Props {
  chat: Pick<Chat, "id" | "title" | "folder">;
  dialog: ChatDialog;
  onClose: () => void;
}

export default function ChatDialogs({ chat, dialog, onClose }: Props) {
  const client = useQueryClient();
  const close = (open: boolean) => !open && onClose();
  if (dialog === "rename") return <RenameDialog what="chat" open onOpenChange={close} title={chat.title} onSave={(title) => updateChat(client, chat.id, { title })} />;
  if (dialog === "folder")
    return (
      <Dialog open onOpenChange={close} title="Move to a folder" description="A folder is a name that chats share; it is there as long as a chat is in it.">
        <FolderForm chat={chat} onClose={onClose} />
      </Dialog>
    );
  return (
    <Dialog open onOpenChange={close} title="Share or export" description="A link shows this chat to whoever has it, without signing in, until you take it back.">
      <Share id={chat.id} />
      <section aria-label="Export" className="grid gap-2 border-t pt-4">
        <h3 className="text-[13px] font-medium">Export</h3>
        <div className="flex flex-wrap gap-2">
          {(["markdown", "json"] as const).map((format) => (
            <Button key={format} asChild size="sm">
              <a href={`/api/chats/${chat.id}/export?format=${format}`} download>
                <FileDown className="size-4" />
                {format === "json" ? "JSON, with every version" : "Markdown, as shown"}
              </a>
            </Button>
          ))}
        </div>
      </section>
    </Dialog>
  );
}

function FolderForm({ chat, onClose }: Pick<Props, "chat" | "onClose">) {
  const client = useQueryClient();
  const { data: folders } = useFolders();
  const [name, setName] = useState(chat.folder ?? "");
  const save = async (folder: string | null) => {
    onClose();
    await updateChat(client, chat.id, { folder });
    await client.invalidateQueries({ queryKey: chatsKey });
    await client.invalidateQueries({ queryKey: foldersKey });
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void save(name.trim() || null);
      }}
    >
      <Field label="Folder">
        {(ids) => (
          <>
            <Input {...ids} autoFocus list="folders" maxLength={100} value={name} onChange={(event) => setName(event.target.value)} placeholder="A new or an old one" />
            <datalist id="folders">
              {folders?.map((folder) => (
                <option key={folder.folder} value={folder.folder} />
              ))}
            </datalist>
          </>
        )}
      </Field>
      <DialogActions>
        {chat.folder && (
          <Button className="sm:mr-auto" onClick={() => void save(null)}>
            Out of the folder
          </Button>
        )}
        <Button onClick={onClose}>Cancel</Button>
        <Button type="submit" variant="primary" disabled={name.trim() === (chat.folder ?? "")}>
          Move
        </Button>
      </DialogActions>
    </form>
  );
}

function Share({ id }: { id: string }) {
  const client = useQueryClient();
  const key = ["chat-share", id];
  const [busy, setBusy] = useState(false);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: key,
    queryFn: async () => {
      try {
        return await api.get<ChatShare | null>(`/chats/${id}/share`);
      } catch (fault) {
        if (fault instanceof ApiProblem && fault.status === 404) return null;
        throw fault;
      }
    },
  });
  const run = async (what: () => Promise<ChatShare | null>) => {
    setBusy(true);
    try {
      client.setQueryData(key, await what());
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    } finally {
      setBusy(false);
    }
  };
  if (isPending) return <Skeleton className="h-10" />;
  if (error) return <LoadFault error={error} retry={refetch} />;
  if (!data)
    return (
      <Button variant="primary" className="justify-self-start" busy={busy} onClick={() => run(() => api.post<ChatShare>(`/chats/${id}/share`, {}))}>
        Make a link
      </Button>
    );
  return (
    <div className="grid gap-2">
      {data.url ? <Snippet text={new URL(data.url, location.origin).href} label="Link" /> : <p className="text-sm text-ink-2">This chat is shared. Its link was shown when it was made; make a new one by taking it back first.</p>}
      <div className="flex items-center justify-between gap-3 text-[13px] text-ink-3">
        Shared {formatAgo(data.created_at)}
        <Button
          size="sm"
          variant="ghost"
          className="text-danger hover:text-danger"
          busy={busy}
          onClick={() =>
            run(async () => {
              await api.delete(`/chats/${id}/share`);
              toast("The link leads nowhere now.");
              return null;
            })
          }
        >
          <Link2Off className="size-4" />
          Take it back
        </Button>
      </div>
    </div>
  );
}
