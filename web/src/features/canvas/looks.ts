import { type Artifact, type ArtifactType, types } from "./model";

/** How an artifact stands there: its text, what that looks like, or both side by side. */
export type Look = "edit" | "split" | "preview";

const all: readonly [Look, string][] = [
  ["edit", "Text"],
  ["split", "Both"],
  ["preview", "Preview"],
];

/** The ways that there are for a type; code and JSON look like what they are. */
export function looksOf(type: ArtifactType): readonly (readonly [Look, string])[] {
  if (type === "code" || type === "json") return [];
  if (type === "table")
    return [
      ["preview", "Grid"],
      ["edit", "CSV"],
    ];
  return all;
}

/** What is shown at first; and while it is edited, where there is room for it. */
export function lookOf({ type, width }: Pick<Artifact, "type" | "width">, chosen: Look | undefined, editing: boolean): Look {
  if (looksOf(type).length === 0) return "edit";
  if (type === "table") return chosen ?? "preview";
  if (editing && (chosen ?? "preview") === "preview") return width >= 560 ? "split" : "edit";
  return chosen ?? "preview";
}

/** Languages that code is mostly written in, as the editor names them. */
export const languages = ["python", "javascript", "typescript", "tsx", "json", "html", "css", "sql", "shell", "java", "c", "c++", "c#", "go", "rust", "php", "ruby", "swift", "kotlin", "r", "yaml", "toml", "xml", "markdown", "dockerfile"];

export const typeNames = Object.entries(types).map(([type, { name }]) => [type as ArtifactType, name] as const);
