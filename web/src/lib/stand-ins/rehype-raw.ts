/**
 * Stands in for rehype-raw (vite.config.ts). streamdown brings it to parse HTML inside markdown; this page shows such
 * HTML as text and never hands it to a parser, so the 45 kB of one are not shipped.
 */
export default function rehypeRaw(): never {
  throw new Error("HTML in markdown is shown as text; see components/markdown/markdown.tsx");
}
