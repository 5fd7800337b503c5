import { Dialog } from "@/components/ui/dialog";
import { Kbd } from "@/components/ui/parts";
import { useShortcuts } from "@/lib/shortcuts";

interface Props {
  onOpenChange: (open: boolean) => void;
}

const always = [
  { keys: "enter", label: "Send the message" },
  { keys: "shift+enter", label: "New line in the message" },
];

/** Lists what works where the person is, and nothing else. */
export default function ShortcutSheet({ onOpenChange }: Props) {
  const shortcuts = useShortcuts();
  const byLabel = new Map<string, string[]>();
  for (const { keys, label } of [...shortcuts, ...always]) if (label) byLabel.set(label, [...(byLabel.get(label) ?? []), keys]);
  return (
    <Dialog open onOpenChange={onOpenChange} title="Keyboard shortcuts">
      <dl className="grid">
        {[...byLabel].map(([label, keys]) => (
          <div key={label} className="flex min-h-11 items-center justify-between gap-4 border-t first:border-t-0">
            <dt className="text-sm">{label}</dt>
            <dd className="flex items-center gap-2 text-xs text-ink-3">
              {keys.map((each, index) => (
                <span key={each} className="flex items-center gap-2">
                  {index > 0 && "or"}
                  <Kbd keys={each} />
                </span>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
