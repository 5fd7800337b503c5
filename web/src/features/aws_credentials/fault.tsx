import { Notice } from "@/components/ui/parts";
import { ApiProblem, messageOf } from "@/lib/api/client";
import { adviceFor } from "./words";

/** A refusal, and what to do about it. */
export function Fault({ error }: { error: unknown }) {
  const advice = error instanceof ApiProblem ? adviceFor(error.slug) : undefined;
  return (
    <Notice tone="danger">
      {messageOf(error)}
      {advice && <span className="mt-1 block">{advice}</span>}
    </Notice>
  );
}
