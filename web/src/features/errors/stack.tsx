import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Badge } from "@/components/ui/parts";
import { cn } from "@/lib/cn";
import { type Frame, placeOf, type Raised, sourceOf } from "./words";

/** What was thrown and where, the last call first; frames of libraries only when asked for. */
export function Stack({ chain }: { chain: Raised[] }) {
  const [all, setAll] = useState(false);
  const own = chain.some((raised) => raised.frames?.some((frame) => frame.in_app));
  return (
    <div className="grid min-w-0 gap-4">
      {own && (
        <Button size="sm" className="justify-self-start" aria-pressed={all} onClick={() => setAll(!all)}>
          {all ? "Only the program’s own frames" : "All frames"}
        </Button>
      )}
      {chain.toReversed().map((raised, at) => (
        <div key={at} className="grid min-w-0 gap-2">
          <p className="text-sm [overflow-wrap:anywhere]">
            {at > 0 && <span className="text-ink-3">caused by </span>}
            <span className="font-medium">{raised.type}</span>
            {raised.message && <span className="text-ink-2">: {raised.message}</span>}{" "}
            {raised.handled === false && <Badge tone="danger">unhandled</Badge>}
          </p>
          <ol className="min-w-0 overflow-hidden rounded-xl border bg-raised [&>li+li]:border-t">
            {(raised.frames ?? [])
              .toReversed()
              .filter((frame) => all || !own || frame.in_app)
              .map((frame, index) => (
                <Place key={index} frame={frame} open={index === 0 && at === 0} />
              ))}
          </ol>
        </div>
      ))}
    </div>
  );
}

function Place({ frame, open }: { frame: Frame; open: boolean }) {
  const source = sourceOf(frame);
  const variables = Object.entries(frame.variables ?? {});
  const head = (
    <span className="text-[13px] [overflow-wrap:anywhere]">
      <span className={cn("font-mono", frame.in_app ? "font-medium text-ink" : "text-ink-2")}>{frame.function || "?"}</span>
      <span className="text-ink-3"> in {placeOf(frame)}</span>
    </span>
  );
  if (source.length === 0 && variables.length === 0) return <li className="px-4 py-2.5">{head}</li>;
  return (
    <li>
      <details open={open}>
        <summary className="cursor-pointer px-4 py-2.5 hover:bg-hover">{head}</summary>
        {source.length > 0 && (
          <pre tabIndex={0} role="region" aria-label={`Source of ${frame.function || "a frame"}`} className="scroll overflow-x-auto border-t bg-code py-2 font-mono text-[12.5px] leading-relaxed">
            {source.map((line, at) => (
              <span key={at} className={cn("block px-4", line.here && "bg-danger-soft text-ink")}>
                <span aria-hidden className="inline-block w-12 pr-4 text-right text-ink-3 select-none">
                  {line.number ?? ""}
                </span>
                {line.text}
              </span>
            ))}
          </pre>
        )}
        {variables.length > 0 && (
          <dl className="grid grid-cols-[max-content_1fr] gap-x-4 gap-y-1 border-t px-4 py-2 font-mono text-[12.5px]">
            {variables.map(([name, value]) => (
              <div key={name} className="col-span-2 grid grid-cols-subgrid">
                <dt className="text-ink-3">{name}</dt>
                <dd className="min-w-0 [overflow-wrap:anywhere]">{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </li>
  );
}
