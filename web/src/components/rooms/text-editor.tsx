/**
 * A CodeMirror bound to a Y.Text of a room. It stands in a shadow root: there its styles are adopted sheets, where in the
 * page they would be style elements, which the content security policy forbids.
 */
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, LanguageDescription, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, drawSelection, EditorView, highlightActiveLine, highlightSpecialChars, hoverTooltip, keymap, lineNumbers, placeholder as withPlaceholder, tooltips } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type * as Y from "yjs";
import { cn } from "@/lib/cn";
import { ownWords, type Room } from "@/lib/rooms";
import { carets } from "./carets";
import { brief, facts, type Source, sourceOf, spansOf } from "./provenance";

const theme = EditorView.theme({
  "&": { height: "100%", fontSize: "13px", color: "var(--ink)", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.6", overflow: "auto", scrollbarWidth: "thin" },
  ".cm-content": { caretColor: "var(--ink)", padding: "10px 0" },
  ".cm-line": { padding: "0 14px" },
  "&.prose .cm-scroller": { fontFamily: "var(--font-sans)", fontSize: "15px", lineHeight: "1.68" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "color-mix(in oklab, var(--accent) 24%, transparent)" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--ink-3)", border: "none" },
  ".cm-activeLine": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "color-mix(in oklab, var(--subtle) 55%, transparent)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--hover)", outline: "1px solid var(--line-strong)" },
  ".cm-foldPlaceholder": { background: "var(--subtle)", border: "1px solid var(--line)", color: "var(--ink-2)" },
  ".cm-placeholder": { color: "var(--ink-3)" },
  ".cm-panels": { background: "var(--panel)", color: "var(--ink)" },
  ".cm-panels-bottom": { borderTop: "1px solid var(--line)" },
  ".cm-textfield": { background: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line-strong)", borderRadius: "6px" },
  ".cm-button": { background: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "6px" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-soft)", outline: "1px solid var(--warn)" },
  ".cm-searchMatch-selected": { backgroundColor: "var(--accent-soft)" },
  ".cm-selectionMatch": { backgroundColor: "var(--hover)" },
  ".cm-tooltip": { background: "var(--raised)", color: "var(--ink)", border: "1px solid var(--line)", borderRadius: "10px", boxShadow: "0 8px 28px -6px rgb(20 16 10 / 0.25)", zIndex: "20" },
  ".cm-source": { textDecoration: "underline dotted color-mix(in oklab, var(--line-strong) 60%, transparent)", textDecorationThickness: "1px", textUnderlineOffset: "4px" },
  ".cm-source-card": { display: "grid", gridTemplateColumns: "auto 1fr", gap: "4px 14px", maxWidth: "22rem", margin: "0", padding: "10px 14px", fontFamily: "var(--font-sans)", fontSize: "13px", lineHeight: "1.45" },
  ".cm-source-card dt": { color: "var(--ink-3)" },
  ".cm-source-card dd": { margin: "0", overflowWrap: "anywhere", maxHeight: "8em", overflow: "hidden" },
  ".cm-fault": { textDecoration: "underline wavy var(--danger)", textUnderlineOffset: "3px" },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.tagName, tags.meta, tags.processingInstruction], color: "var(--syn-key)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.inserted], color: "var(--syn-str)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom, tags.list], color: "var(--syn-num)" },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName), tags.attributeName, tags.propertyName, tags.typeName, tags.className, tags.labelName], color: "var(--syn-fn)" },
  { tag: [tags.comment, tags.quote], color: "var(--syn-com)", fontStyle: "italic" },
  { tag: tags.heading, color: "var(--ink)", fontWeight: "640" },
  { tag: tags.strong, fontWeight: "640" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: [tags.link, tags.url], color: "var(--accent)" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.deleted, tags.invalid], color: "var(--danger)" },
]);

const drawAgain = StateEffect.define<null>();

/** Underlines what names a source; hovering tells which, and so does `onSource` when the caret stands there. */
function sources(text: Y.Text, known: Y.Map<unknown>, onSource: (source: Source | null) => void): Extension {
  const draw = (): DecorationSet =>
    Decoration.set(
      spansOf(text)
        .filter((span) => span.to > span.from)
        .map(({ from, to, src }) => Decoration.mark({ class: "cm-source", attributes: { "data-source": src } }).range(from, to)),
    );
  // A caret is about the letter before it, and at the beginning about the first.
  const at = (pos: number) => spansOf(text).find((span) => (span.from < pos || pos === 0) && span.from <= pos && pos <= span.to);
  const field = StateField.define<DecorationSet>({
    create: draw,
    update(drawn, transaction) {
      return transaction.effects.some((effect) => effect.is(drawAgain)) ? draw() : drawn.map(transaction.changes);
    },
    provide: (of) => EditorView.decorations.from(of),
  });
  return [
    field,
    // The text takes a change of this editor in after it: what the spans are then is only known a moment later.
    EditorView.updateListener.of((update) => {
      if (update.docChanged) queueMicrotask(() => update.view.dom.isConnected && update.view.dispatch({ effects: drawAgain.of(null) }));
      if (update.selectionSet || update.focusChanged) {
        const span = update.view.hasFocus ? at(update.state.selection.main.head) : undefined;
        onSource(span ? (sourceOf(known.get(span.src)) ?? {}) : null);
      }
    }),
    hoverTooltip((_, pos) => {
      const span = at(pos);
      if (!span) return null;
      return {
        pos: span.from,
        end: span.to,
        above: true,
        create: () => {
          const card = document.createElement("dl");
          card.className = "cm-source-card";
          card.setAttribute("data-source-card", "");
          const source = sourceOf(known.get(span.src)) ?? {};
          const rows = facts(source);
          for (const [name, value] of rows.length ? rows : [["From", brief(source)] as const]) {
            const term = document.createElement("dt");
            term.textContent = name;
            const told = document.createElement("dd");
            told.textContent = value;
            card.append(term, told);
          }
          return { dom: card };
        },
      };
    }),
  ];
}

interface Props {
  room: Room;
  text: Y.Text;
  /** What others know this text by: the artifact's id, or "content". */
  name: string;
  undo: Y.UndoManager;
  label: string;
  readOnly?: boolean;
  /** As `@codemirror/language-data` names them ("python", "TypeScript"); unknown ones are plain text. */
  language?: string | null;
  /** Sources by id, where the text's spans name some. */
  provenance?: Y.Map<unknown>;
  onSource?: (source: Source | null) => void;
  /** The selected part of the text; null where nothing is selected. */
  onSelect?: (range: { from: number; to: number } | null) => void;
  /** Escape, when nothing inside wants it. */
  onLeave?: () => void;
  /** Called with the view when it stands, with null when it goes. */
  onView?: (view: EditorView | null) => void;
  placeholder?: string;
  /** Running text rather than code: proportional letters, no line numbers. */
  prose?: boolean;
  autoFocus?: boolean;
  /** Whether Tab leads into it. Inside, Tab indents: where there are several, it would be a trap on the way. */
  tabStop?: boolean;
  className?: string;
}

export default function TextEditor(props: Props) {
  const { room, text, name, undo, label, readOnly = false, language = null, provenance, placeholder, prose = false, autoFocus = false, tabStop = true, className } = props;
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [access, speech] = useRef([new Compartment(), new Compartment()] as const).current;

  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    ownWords(text);
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: text.toString(),
        extensions: [
          yCollab(text, null, { undoManager: undo }),
          keymap.of([
            ...yUndoManagerKeymap,
            {
              key: "Escape",
              run: (current) => {
                if (!current.state.selection.main.empty) {
                  current.dispatch({ selection: { anchor: current.state.selection.main.head } });
                  return true;
                }
                latest.current.onLeave?.();
                return latest.current.onLeave !== undefined;
              },
            },
          ]),
          keymap.of([...searchKeymap, ...foldKeymap, indentWithTab, ...defaultKeymap]),
          access.of(accessOf(readOnly, tabStop)),
          speech.of([]),
          search(),
          drawSelection(),
          highlightSpecialChars(),
          highlightSelectionMatches(),
          indentOnInput(),
          bracketMatching(),
          syntaxHighlighting(colours, { fallback: true }),
          EditorView.lineWrapping,
          // Inside a canvas everything is drawn moved and scaled: fixed places would be wrong ones.
          tooltips({ position: "absolute" }),
          prose ? EditorView.editorAttributes.of({ class: "prose" }) : [lineNumbers(), foldGutter(), highlightActiveLine()],
          placeholder ? withPlaceholder(placeholder) : [],
          EditorView.contentAttributes.of({ "aria-label": label, "data-text": name, spellcheck: prose ? "true" : "false" }),
          carets(room, text, name),
          provenance ? sources(text, provenance, (source) => latest.current.onSource?.(source)) : [],
          EditorView.updateListener.of((update) => {
            if (!update.selectionSet && !update.docChanged) return;
            const { from, to, empty } = update.state.selection.main;
            latest.current.onSelect?.(empty ? null : { from, to });
          }),
          theme,
        ],
      }),
    });
    view.current = editor;
    const again = () => queueMicrotask(() => editor.dom.isConnected && editor.dispatch({ effects: drawAgain.of(null) }));
    provenance?.observe(again);
    // Formatting alone changes no letter, so the binding does not pass it on.
    text.observe(again);
    if (autoFocus) editor.focus();
    latest.current.onView?.(editor);
    return () => {
      provenance?.unobserve(again);
      text.unobserve(again);
      latest.current.onView?.(null);
      editor.destroy();
      view.current = null;
    };
    // What may change while it stands is taken from `latest` or set below.
  }, [room, text, name, undo, provenance, prose, label]);

  useEffect(() => {
    view.current?.dispatch({ effects: access.reconfigure(accessOf(readOnly, tabStop)) });
  }, [readOnly, tabStop, access, text, room, name, undo, provenance, prose, label]);

  useEffect(() => {
    let stale = false;
    void speechOf(language).then((extension) => {
      if (!stale) view.current?.dispatch({ effects: speech.reconfigure(extension) });
    });
    return () => {
      stale = true;
    };
  }, [language, speech, text, room, name, undo, provenance, prose, label]);

  return <div ref={host} data-editor={name} className={cn("nowheel nodrag nopan min-h-0 select-text", className)} />;
}

const accessOf = (readOnly: boolean, tabStop: boolean): Extension =>
  // Not editable but focusable: it can be read and scrolled by the keyboard.
  readOnly
    ? [EditorState.readOnly.of(true), EditorView.editable.of(false), EditorView.contentAttributes.of({ tabindex: "0", "aria-readonly": "true", role: "textbox", "aria-multiline": "true" })]
    : tabStop
      ? []
      : EditorView.contentAttributes.of({ tabindex: "-1" });

async function speechOf(language: string | null): Promise<Extension> {
  if (!language) return [];
  const { languages } = await import("@codemirror/language-data");
  const found = LanguageDescription.matchLanguageName(languages, language, true);
  try {
    return found ? await found.load() : [];
  } catch {
    // Its colours are missing then; the text is there all the same.
    return [];
  }
}
