import { Check, Hand, Pencil, X } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/page";
import type { Acts } from "./queries";
import { Arguments } from "./step-view";
import type { Asked, Session } from "./types";

interface Props {
  session: Session;
  acts: Acts | null;
  onEdit: () => void;
}

/** What a session waits for. */
export function Asks({ session, acts, onEdit }: Props) {
  return (
    <>
      {session.asks.map((asked) =>
        asked.kind === "plan" ? (
          <Card key="plan" className="flex flex-wrap items-center gap-3 border-warn/60 p-4">
            <Hand aria-hidden className="size-4 shrink-0 text-warn" />
            <p role="status" className="min-w-0 flex-1 basis-60 text-sm">
              <span className="font-medium">Look at the plan.</span> {session.nodes.length === 1 ? "It has one step" : `It has ${session.nodes.length} steps`}; nothing of it runs before you approve it.
            </p>
            {acts && (
              <span className="flex gap-2">
                <Button size="sm" onClick={onEdit}>
                  <Pencil className="size-3.5" />
                  Edit it
                </Button>
                <Button size="sm" variant="primary" busy={acts.busy === "approve"} onClick={() => void acts.steer({ kind: "approve" })}>
                  {acts.busy !== "approve" && <Check className="size-3.5" />}
                  Approve
                </Button>
              </span>
            )}
          </Card>
        ) : (
          <ToolAsked key={asked.call_id} asked={asked} acts={acts} />
        ),
      )}
    </>
  );
}

/** A call with effects outside: everything that it would send stands in plain sight. */
function ToolAsked({ asked, acts }: { asked: Asked; acts: Acts | null }) {
  const id = asked.call_id;
  if (!id) return null;
  return (
    <Card className="grid gap-3 border-warn/60 p-4">
      <p role="status" className="flex items-start gap-3 text-sm">
        <Hand aria-hidden className="mt-0.5 size-4 shrink-0 text-warn" />
        <span>
          <span className="font-medium">
            May <span className="font-mono text-[13px]">{asked.tool}</span> be called?
          </span>{" "}
          It changes something outside of RADIANT{asked.node_id && `, for step ${asked.node_id}`}. It would be called once, with this:
        </span>
      </p>
      <Arguments of={asked.arguments ?? {}} label={`Arguments of ${asked.tool ?? "the tool"}`} />
      {acts && (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" variant="primary" busy={acts.busy === `allow ${id}`} onClick={() => void acts.steer({ kind: "tool", call_id: id, allow: true }, `allow ${id}`)}>
            {acts.busy !== `allow ${id}` && <Check className="size-3.5" />}
            Allow this call
          </Button>
          <Button size="sm" busy={acts.busy === `refuse ${id}`} onClick={() => void acts.steer({ kind: "tool", call_id: id, allow: false }, `refuse ${id}`)}>
            {acts.busy !== `refuse ${id}` && <X className="size-3.5" />}
            Refuse
          </Button>
        </div>
      )}
    </Card>
  );
}
