/** A chat that somebody shared: read by whoever has the link, without signing in. */
import { useEffect, useState } from "react";
import { Markdown } from "@/components/markdown";
import { Logo } from "@/components/ui/logo";
import { useTitle } from "@/components/ui/page";
import { Skeleton } from "@/components/ui/parts";
import { ApiProblem, api, messageOf } from "@/lib/api/client";
import type { SharedChat, SharedImage } from "@/lib/api/types";

export default function SharedPage() {
  const token = location.pathname.split("/")[2] ?? "";
  const [chat, setChat] = useState<SharedChat | null>(null);
  const [fault, setFault] = useState("");
  useTitle(chat?.title || "A shared chat");

  useEffect(() => {
    api.get<SharedChat>(`/shared/${token}`, { anonymous: true }).then(setChat, (error: unknown) =>
      setFault(error instanceof ApiProblem && (error.status === 404 || error.status === 422) ? "This link leads nowhere. It may have been taken back, or have run out." : messageOf(error)),
    );
  }, [token]);

  return (
    <main className="scroll h-full">
      <div className="mx-auto grid w-full max-w-3xl gap-6 px-4 py-8 sm:px-6">
        <header className="flex items-center gap-3 border-b pb-4">
          <Logo className="size-7" />
          <div className="min-w-0">
            <h1 className="truncate text-lg font-semibold tracking-tight">{chat ? chat.title || "A chat" : fault ? "Not here" : "A shared chat"}</h1>
            {chat && <p className="text-[13px] text-ink-3">Shared to be read. What models write can be wrong.</p>}
          </div>
        </header>
        {fault && (
          <p role="alert" className="text-sm text-ink-2">
            {fault}
          </p>
        )}
        {!chat && !fault && (
          <div role="status" aria-label="Loading the chat" className="grid gap-3">
            <Skeleton className="h-4" />
            <Skeleton className="h-4 w-4/5" />
          </div>
        )}
        {chat?.messages.map((message, at) => {
          const text = message.content.reduce((all, part) => (part.type === "text" ? all + part.text : all), "");
          const pictures = message.content.filter((part): part is SharedImage => part.type === "image");
          return message.role === "user" ? (
            <article key={at} aria-label="Question" className="flex flex-col items-end gap-2">
              {pictures.map((picture) => (
                <img key={picture.url} src={picture.url} alt="Attached" loading="lazy" className="max-h-72 max-w-[85%] rounded-xl border object-contain" />
              ))}
              {text && <p className="max-w-[85%] rounded-2xl rounded-br-md bg-subtle px-4 py-2.5 text-[15px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]">{text}</p>}
            </article>
          ) : (
            <article key={at} aria-label="Answer">
              <Markdown text={text} />
              {message.model && <p className="mt-2 text-[13px] text-ink-3">{message.model}</p>}
            </article>
          );
        })}
      </div>
    </main>
  );
}
