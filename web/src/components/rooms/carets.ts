/**
 * Carets and selections of the others in an editor. Not those of y-codemirror.next: they set styles as attributes, which
 * the content security policy forbids, and know of one text a room.
 */
import { type Extension, Prec } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate, WidgetType } from "@codemirror/view";
import * as Y from "yjs";
import { type Other, type Presence, type Room, soundUser } from "@/lib/rooms";

class Caret extends WidgetType {
  constructor(
    readonly name: string,
    readonly color: string,
    /** Another place is another caret, so that its name shows itself anew. */
    readonly head: number,
  ) {
    super();
  }

  override eq(other: Caret): boolean {
    return other.name === this.name && other.color === this.color && other.head === this.head;
  }

  override toDOM(): HTMLElement {
    const caret = document.createElement("span");
    caret.className = "cm-other-caret";
    caret.setAttribute("data-caret", this.name);
    caret.style.borderColor = this.color;
    const label = document.createElement("span");
    label.className = "cm-other-name";
    label.textContent = this.name;
    label.style.borderColor = this.color;
    caret.append("⁠", label, "⁠");
    return caret;
  }

  override get estimatedHeight(): number {
    return -1;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}

const place = (text: Y.Text, json: unknown): number | null => {
  // A model inside the server says a plain place.
  if (typeof json === "number") return Number.isInteger(json) && json >= 0 ? json : null;
  try {
    const found = Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(json), text.doc as Y.Doc);
    return found?.type === text ? found.index : null;
  } catch {
    // Not a position: somebody else's page sent it.
    return null;
  }
};

function drawn(text: Y.Text, name: string, others: Iterable<Pick<Other, "user" | "cursor">>, length: number): DecorationSet {
  const ranges = [];
  for (const { user, cursor } of others) {
    if (!cursor || cursor.artifact !== name) continue;
    const anchor = place(text, cursor.anchor);
    const head = place(text, cursor.head);
    if (anchor === null || head === null || Math.max(anchor, head) > length) continue;
    if (anchor !== head) {
      const mark = Decoration.mark({ class: "cm-other-selection", attributes: { style: `background-color: color-mix(in oklab, ${user.color} 26%, transparent)` } });
      ranges.push(mark.range(Math.min(anchor, head), Math.max(anchor, head)));
    }
    ranges.push(Decoration.widget({ widget: new Caret(user.model ?? user.name, user.color, head), side: head < anchor ? -1 : 1 }).range(head));
  }
  return Decoration.set(ranges, true);
}

/** Shows where the others are in this text (`name` is the artifact's id, or "content") and tells them where one is. */
export function carets(room: Room, text: Y.Text, name: string): Extension {
  const { awareness } = room;
  const plugin = ViewPlugin.fromClass(
    class {
      decorations: DecorationSet;
      readonly changed = ({ added, updated, removed }: { added: number[]; updated: number[]; removed: number[] }) => {
        if ([...added, ...updated, ...removed].some((client) => client !== awareness.clientID)) this.view.dispatch({});
      };

      constructor(readonly view: EditorView) {
        this.decorations = this.draw();
        awareness.on("change", this.changed);
      }

      draw(): DecorationSet {
        const others = [];
        for (const [client, state] of awareness.getStates()) {
          const { user, cursor } = state as Presence;
          if (client !== awareness.clientID && cursor && typeof user?.id === "string") others.push({ user: soundUser(user), cursor });
        }
        return drawn(text, name, others, this.view.state.doc.length);
      }

      update(update: ViewUpdate): void {
        if (update.selectionSet || update.focusChanged || update.docChanged) this.tell();
        this.decorations = this.draw();
      }

      tell(): void {
        const mine = (awareness.getLocalState() as Presence | null)?.cursor;
        if (!this.view.hasFocus) {
          if (mine?.artifact === name) room.tell({ cursor: null });
          return;
        }
        const { anchor, head } = this.view.state.selection.main;
        const at = (index: number) => Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));
        const cursor = { artifact: name, anchor: at(anchor), head: at(head) };
        if (JSON.stringify(mine) !== JSON.stringify(cursor)) room.tell({ cursor });
      }

      destroy(): void {
        awareness.off("change", this.changed);
        if ((awareness.getLocalState() as Presence | null)?.cursor?.artifact === name) room.tell({ cursor: null });
      }
    },
    { decorations: (value) => value.decorations },
  );
  return [Prec.low(plugin), theme];
}

const theme = EditorView.baseTheme({
  ".cm-other-caret": { position: "relative", borderLeft: "2px solid", marginLeft: "-1px", marginRight: "-1px", pointerEvents: "none" },
  ".cm-other-name": {
    position: "absolute",
    bottom: "100%",
    left: "-2px",
    zIndex: "3",
    padding: "0 4px",
    borderLeft: "4px solid",
    borderRadius: "4px 4px 4px 0",
    background: "var(--raised)",
    color: "var(--ink)",
    fontFamily: "var(--font-sans)",
    fontSize: "11px",
    lineHeight: "16px",
    whiteSpace: "nowrap",
    boxShadow: "0 1px 3px rgb(0 0 0 / 0.18)",
    // Named for as long as it moves; afterwards the words below it are wanted more.
    animation: "cm-other-fade 400ms linear 2.5s forwards",
  },
  "@keyframes cm-other-fade": { to: { opacity: "0" } },
  ".cm-line:first-child .cm-other-name": { bottom: "auto", top: "100%" },
});
