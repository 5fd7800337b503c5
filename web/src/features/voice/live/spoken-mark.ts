/**
 * Where in what is shown the words are that are read out. Both differ: what is shown has links, marks and line ends, what is
 * read out has not; so letters and figures alone are compared. From `from` on, as [start, end), or null.
 */
export function findSpoken(shown: string, spoken: string, from = 0): [number, number] | null {
  const letters: string[] = [];
  const places: number[] = [];
  for (const match of shown.matchAll(/[\p{L}\p{N}]/gu)) {
    if (match.index < from) continue;
    for (const letter of match[0].toLowerCase()) {
      letters.push(letter);
      places.push(match.index);
    }
  }
  const wanted = (spoken.toLowerCase().match(/[\p{L}\p{N}]/gu) ?? []).join("");
  if (!wanted) return null;
  const at = letters.join("").indexOf(wanted);
  if (at < 0) return null;
  const units = [...wanted].length;
  // Letters outside the basic plane count twice in the joined string; places are by letter.
  const first = [...letters.join("").slice(0, at)].length;
  const end = places[first + units - 1];
  const start = places[first];
  return start === undefined || end === undefined ? null : [start, end + 1];
}

const NAME = "spoken";

/**
 * Marks the spoken words below `root` until the returned function is called, without touching what React drew there, and again
 * whenever that changes. Where a browser cannot, the caption tells it.
 */
export function markSpoken(root: HTMLElement, spoken: string): () => void {
  if (typeof CSS === "undefined" || !("highlights" in CSS) || !spoken) return () => undefined;
  const mark = () => {
    const range = rangeOf(root, spoken);
    if (range) CSS.highlights.set(NAME, new Highlight(range));
    else CSS.highlights.delete(NAME);
  };
  mark();
  const observer = new MutationObserver(mark);
  observer.observe(root, { subtree: true, childList: true, characterData: true });
  return () => {
    observer.disconnect();
    CSS.highlights.delete(NAME);
  };
}

function rangeOf(root: HTMLElement, spoken: string): Range | null {
  const nodes: { node: Text; from: number }[] = [];
  let text = "";
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    nodes.push({ node: node as Text, from: text.length });
    text += node.textContent ?? "";
  }
  const found = findSpoken(text, spoken);
  if (!found) return null;
  const place = (at: number): [Text, number] => {
    const holder = nodes.findLast((each) => each.from <= at) ?? nodes[0]!;
    return [holder.node, at - holder.from];
  };
  const range = new Range();
  range.setStart(...place(found[0]));
  const [node, offset] = place(found[1] - 1);
  range.setEnd(node, offset + 1);
  return range;
}
