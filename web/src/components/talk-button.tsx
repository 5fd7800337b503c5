import { AudioLines } from "lucide-react";
import { useState } from "react";
import { useLocation } from "wouter";
import { messageOf } from "@/lib/api/client";
import { beginTalk, talkAt } from "@/lib/talk";
import { toast } from "@/lib/toast";
import { Button } from "./ui/button";

interface Props {
  /** The chat that is talked about; made where there is none yet. */
  chat: () => Promise<string>;
  disabled: boolean;
}

/** Goes on with a chat by voice. */
export function TalkButton({ chat, disabled }: Props) {
  const [, navigate] = useLocation();
  const [busy, setBusy] = useState(false);
  const talk = async () => {
    setBusy(true);
    try {
      navigate(...talkAt(await beginTalk(await chat())));
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
      setBusy(false);
    }
  };
  return (
    <Button variant="ghost" size="icon" aria-label="Talk" title="Talk instead of typing" busy={busy} disabled={disabled} onClick={() => void talk()} className="size-9 rounded-xl">
      {!busy && <AudioLines className="size-4.5" />}
    </Button>
  );
}
