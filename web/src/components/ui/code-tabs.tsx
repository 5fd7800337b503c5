import { Tabs } from "radix-ui";
import { Snippet } from "./parts";

interface Props {
  label: string;
  /** What each text is: "curl example". */
  of: string;
  texts: Record<string, string>;
  /** Those that stand on one line that scrolls. */
  oneLine?: string[];
}

/** The same in several languages, one shown at a time. */
export const CodeTabs = ({ label, of, texts, oneLine = [] }: Props) => (
  <Tabs.Root defaultValue={Object.keys(texts)[0]!} className="grid min-w-0 gap-2">
    <Tabs.List aria-label={label} className="flex gap-1">
      {Object.keys(texts).map((name) => (
        <Tabs.Trigger key={name} value={name} className="h-8 rounded-lg px-3 text-[13px] font-medium text-ink-2 hover:bg-hover data-[state=active]:bg-subtle data-[state=active]:text-ink">
          {name}
        </Tabs.Trigger>
      ))}
    </Tabs.List>
    {Object.entries(texts).map(([name, text]) => (
      <Tabs.Content key={name} value={name} tabIndex={-1} className="min-w-0">
        <Snippet text={text} label={`${name} ${of}`} lines={!oneLine.includes(name)} />
      </Tabs.Content>
    ))}
  </Tabs.Root>
);
