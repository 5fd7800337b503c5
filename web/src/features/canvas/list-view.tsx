import { cn } from "@/lib/cn";
import { ArtifactFrame } from "./artifact-frame";
import { type Artifact, titleOf, types } from "./model";

/** The artifacts one below the other, in the order in which they are read: everything that the board does, without a place. */
export function ListView({ artifacts }: { artifacts: readonly Artifact[] }) {
  return (
    <div className="scroll min-h-0 flex-1 px-3 py-4 sm:px-6" tabIndex={-1}>
      <ol aria-label="Artifacts" className="mx-auto grid max-w-4xl gap-4">
        {artifacts.map((artifact) => (
          <li
            key={artifact.id}
            id={`artifact-${artifact.id}`}
            tabIndex={-1}
            aria-label={`${types[artifact.type].name}: ${titleOf(artifact)}`}
            className={cn("overflow-hidden rounded-xl border bg-raised", !artifact.collapsed && "h-[min(70dvh,26rem)]")}
          >
            <ArtifactFrame artifact={artifact} />
          </li>
        ))}
      </ol>
    </div>
  );
}
