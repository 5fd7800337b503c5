import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { Button } from "@/components/ui/button";
import { api, messageOf } from "@/lib/api/client";
import type { Message } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { toast } from "@/lib/toast";

/** Good or not: routing learns from it. What was said is shown until the page is left. */
export function Thumbs({ message }: { message: Message }) {
  const client = useQueryClient();
  const key = ["thumbs", message.id];
  const { data: up } = useQuery<boolean | null>({ queryKey: key, queryFn: () => null, staleTime: Number.POSITIVE_INFINITY, gcTime: Number.POSITIVE_INFINITY });
  if (!message.decision_id || (message.status !== "complete" && message.status !== "stopped")) return null;
  const say = async (good: boolean) => {
    try {
      await api.post("/routing/feedback", { kind: "thumbs", decision_id: message.decision_id, up: good });
      client.setQueryData(key, good);
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
  };
  return (
    <>
      <Button variant="ghost" size="icon" aria-label="Good answer" title="Good answer" aria-pressed={up === true} onClick={() => void say(true)}>
        <ThumbsUp className={cn("size-4", up === true && "fill-current text-good")} />
      </Button>
      <Button variant="ghost" size="icon" aria-label="Bad answer" title="Bad answer" aria-pressed={up === false} onClick={() => void say(false)}>
        <ThumbsDown className={cn("size-4", up === false && "fill-current text-danger")} />
      </Button>
    </>
  );
}
