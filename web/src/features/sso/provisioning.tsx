import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Confirm, Dialog, DialogActions } from "@/components/ui/dialog";
import { Card, LoadFault, Section, TableSkeleton } from "@/components/ui/page";
import { Snippet } from "@/components/ui/parts";
import { api, messageOf } from "@/lib/api/client";
import type { MadeScimToken, ScimState } from "@/lib/api/types";
import { formatAgo, formatDate } from "@/lib/format";
import { isOwner, useSession } from "@/lib/session";
import { toast } from "@/lib/toast";

const key = ["scim"] as const;

/** The token by which the identity provider keeps people and groups up to date (SCIM 2.0). */
export function Provisioning() {
  const client = useQueryClient();
  const mayChange = isOwner(useSession());
  const { data, error, refetch } = useQuery({ queryKey: key, queryFn: () => api.get<ScimState>("/scim") });
  const [made, setMade] = useState<string | null>(null);
  const [revoking, setRevoking] = useState(false);
  const make = async () => {
    try {
      setMade((await api.post<MadeScimToken>("/scim/token")).token);
    } catch (fault) {
      toast(messageOf(fault), { kind: "error" });
    }
    await client.invalidateQueries({ queryKey: key });
  };
  return (
    <Section title="Provisioning" description="By SCIM 2.0 the provider makes, changes and removes people and groups here by itself.">
      {error ? (
        <LoadFault error={error} retry={refetch} />
      ) : !data ? (
        <TableSkeleton rows={2} />
      ) : (
        <>
          <Snippet text={data.base_url} label="SCIM address" />
          <Card className="flex flex-wrap items-center justify-between gap-4 px-5 py-4">
            <div>
              <p className="text-sm font-medium">{data.token ? <span className="font-mono">{data.token.prefix}…</span> : "No token yet"}</p>
              <p className="text-[13px] text-ink-3">
                {data.token ? `since ${formatDate(data.token.created_at)} · ${data.token.last_used_at ? `last used ${formatAgo(data.token.last_used_at)}` : "not used yet"}` : "The provider cannot write here."}
              </p>
            </div>
            {mayChange && (
              <div className="flex gap-2">
                <Button size="sm" onClick={() => void make()}>
                  {data.token ? "Replace the token" : "Make a token"}
                </Button>
                {data.token && (
                  <Button size="sm" className="text-danger" onClick={() => setRevoking(true)}>
                    Revoke
                  </Button>
                )}
              </div>
            )}
          </Card>
        </>
      )}
      <Dialog open={made !== null} onOpenChange={() => setMade(null)} sticky title="Copy the token" description="Enter it at the identity provider. It is not shown again; the one before is void.">
        <Snippet text={made ?? ""} label="SCIM token" />
        <DialogActions>
          <Button variant="primary" onClick={() => setMade(null)}>
            I have copied it
          </Button>
        </DialogActions>
      </Dialog>
      <Confirm
        open={revoking}
        onOpenChange={setRevoking}
        title="Revoke the token?"
        description="The provider no longer changes anybody here. People and groups stay as they are."
        action="Revoke"
        danger
        run={async () => {
          await api.delete("/scim/token");
          await client.invalidateQueries({ queryKey: key });
        }}
      />
    </Section>
  );
}
