import { Skeleton } from "@/components/ui/parts";
import { useTools } from "./queries";

interface Props {
  label: string;
  /** Names; null: all. */
  chosen: string[] | null;
  onChange: (chosen: string[] | null) => void;
  /** What no choice stands for; left out where something is always chosen. */
  all?: string;
}

/** Which tools may be used. Nothing to choose from where the installation lists none. */
export function ToolChoice({ label, chosen, onChange, all }: Props) {
  const { data: tools, isPending } = useTools();
  if (isPending) return <Skeleton className="h-8" />;
  if (!tools?.length) return null;
  const usable = tools.filter((tool) => tool.absent === null);
  const on = (name: string) => chosen === null || chosen.includes(name);
  const put = (name: string) => {
    const now = chosen ?? usable.map((tool) => tool.name);
    onChange(now.includes(name) ? now.filter((other) => other !== name) : [...now, name]);
  };
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-[13px] font-medium">
        {label} <span className="font-normal text-ink-3">{chosen === null ? all : chosen.length ? `${chosen.length} chosen` : "none"}</span>
        {chosen !== null && all && (
          <button type="button" onClick={() => onChange(null)} className="ml-2 font-normal text-accent underline underline-offset-3">
            {all}
          </button>
        )}
      </legend>
      <ul className="flex flex-wrap gap-2">
        {tools.map((tool) => (
          <li key={tool.name}>
            <label
              title={tool.absent ?? tool.description}
              className="inline-flex cursor-pointer items-center gap-2 rounded-lg border px-2.5 py-1.5 text-[13px] hover:bg-hover has-checked:border-accent has-checked:bg-accent-soft has-disabled:cursor-not-allowed has-disabled:text-ink-3"
            >
              <input type="checkbox" className="size-3.5 accent-accent" checked={tool.absent === null && on(tool.name)} disabled={tool.absent !== null} onChange={() => put(tool.name)} />
              {tool.name}
              {tool.asks_first && tool.absent === null && <span className="text-ink-3">asks first</span>}
              {tool.absent !== null && <span>off</span>}
            </label>
          </li>
        ))}
      </ul>
    </fieldset>
  );
}
