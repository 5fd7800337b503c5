import { useQueryClient } from "@tanstack/react-query";
import { DoorOpen } from "lucide-react";
import { useEffect, useState } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "@/components/ui/button";
import { Empty } from "@/components/ui/parts";
import { Spinner } from "@/components/ui/spinner";
import { messageOf } from "@/lib/api/client";
import { comeIn, placeOf } from "./queries";

/** Comes in by a link and goes on to the room. */
export function Join({ token }: { token: string }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [fault, setFault] = useState("");
  useEffect(() => {
    comeIn(client, token).then(
      (room) => navigate(placeOf(room), { replace: true }),
      (error: unknown) => setFault(messageOf(error)),
    );
  }, [client, navigate, token]);
  if (fault)
    return (
      <Empty
        icon={DoorOpen}
        title="This link does not let you in"
        className="m-6"
        action={
          <Button asChild>
            <Link href="/rooms">Your rooms</Link>
          </Button>
        }
      >
        {fault}
      </Empty>
    );
  return (
    <p role="status" className="m-auto flex items-center gap-2 text-sm text-ink-2">
      <Spinner className="size-4" />
      Coming in…
    </p>
  );
}
