import { useQueryClient } from "@tanstack/react-query";
import { Brain, Check, Ellipsis, FileText, Pencil, Pin, PinOff, Share2, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import { updateChat } from "@/components/conversation/chat";
import { ModelPicker } from "@/components/conversation/model-picker";
import { Button } from "@/components/ui/button";
import { Menu, MenuContent, MenuItem, MenuSeparator, MenuTrigger } from "@/components/ui/menu";
import type { ChatDetail } from "@/lib/api/types";

import type { ChatDialog } from "./chat-dialogs";
import { deleteChat } from "./queries";

interface Props {
  lead: ReactNode;
  /** Null: a chat that is not made yet. */
  chat: ChatDetail | null;
  model: string;
  busy: boolean;
  instructed: boolean;
  onPickModel: (id: string) => void;
  onInstructions: () => void;
  onOpen: (dialog: ChatDialog) => void;
}

/** Which model answers, the chat's instructions, and what can be done with it. */
export function ChatHeader({ lead, chat, model, busy, instructed, onPickModel, onInstructions, onOpen }: Props) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  return (
    <header className="flex h-14 shrink-0 items-center gap-1 px-2 sm:px-3">
      {lead}
      <ModelPicker value={model} onPick={onPickModel} disabled={busy} />
      <div className="ml-auto flex items-center gap-0.5">
        <Button variant="ghost" size="sm" className="px-2.5" aria-label="Instructions" onClick={onInstructions}>
          <FileText className="size-4" />
          <span className="hidden sm:inline">Instructions</span>
          {instructed && <span className="size-1.5 rounded-full bg-accent" title="Set" />}
        </Button>
        {chat && (
          <Menu>
            <MenuTrigger asChild>
              <Button variant="ghost" size="icon" aria-label="Chat menu">
                <Ellipsis className="size-4.5" />
              </Button>
            </MenuTrigger>
            <MenuContent align="end">
              <MenuItem onSelect={() => setTimeout(onOpen, 0, "rename")}>
                <Pencil />
                Rename
              </MenuItem>
              <MenuItem onSelect={() => setTimeout(onOpen, 0, "share")}>
                <Share2 />
                Share or export
              </MenuItem>
              <MenuItem onSelect={() => updateChat(client, chat.id, { pinned: !chat.pinned })}>
                {chat.pinned ? <PinOff /> : <Pin />}
                {chat.pinned ? "Unpin" : "Pin"}
              </MenuItem>
              <MenuItem role="menuitemcheckbox" aria-checked={chat.memory} onSelect={() => updateChat(client, chat.id, { memory: !chat.memory })}>
                <Brain />
                Use memory in this chat
                {chat.memory && <Check aria-hidden className="ml-auto" />}
              </MenuItem>
              <MenuSeparator />
              <MenuItem
                danger
                onSelect={async () => {
                  if (await deleteChat(client, chat)) navigate("/");
                }}
              >
                <Trash2 />
                Delete
              </MenuItem>
            </MenuContent>
          </Menu>
        )}
      </div>
    </header>
  );
}
