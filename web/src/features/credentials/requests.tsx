import { Button } from "@/components/ui/button";
import { Card, Section } from "@/components/ui/page";
import { api } from "@/lib/api/client";
import type { RevealRequest } from "@/lib/api/types";
import { formatAgo } from "@/lib/format";
import { useSession } from "@/lib/session";
import { useChange, useRequests } from "./queries";

/** Who waits to be shown a value; nothing where nobody does. */
export function Requests() {
  const { user } = useSession();
  const { items } = useRequests();
  const decide = useChange(({ request, how }: { request: RevealRequest; how: "approve" | "refuse" }) => api.post(`/credentials/reveal-requests/${request.id}/${how}`), "It is decided.");
  const waiting = items?.filter((request) => request.state === "pending" && request.requested_by !== user.id) ?? [];
  if (waiting.length === 0) return null;
  return (
    <Section title="Waiting for your approval">
      <Card>
        <ul className="divide-y">
          {waiting.map((request) => (
            <li key={request.id} className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 px-5 py-3">
              <p className="min-w-0 text-sm [overflow-wrap:anywhere]">
                <span className="font-medium">{request.requested_by_email}</span>{" "}
                {request.credential_name === null ? "wants one person to suffice for showing values of" : "wants to be shown"}{" "}
                <span className="font-medium">
                  {request.vault_name}
                  {request.credential_name !== null && `/${request.credential_name}`}
                </span>{" "}
                <span className="text-ink-3">{formatAgo(request.created_at)}</span>
                <span className="block text-[13px] text-ink-2">“{request.reason}”</span>
              </p>
              <div className="flex gap-1.5">
                <Button size="sm" onClick={() => decide.mutate({ request, how: "refuse" })}>
                  Refuse
                </Button>
                <Button size="sm" variant="primary" onClick={() => decide.mutate({ request, how: "approve" })}>
                  Approve
                </Button>
              </div>
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  );
}
