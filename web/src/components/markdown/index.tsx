import { lazy, memo, Suspense } from "react";

const load = () => import("./markdown");
const Rendered = lazy(load);

/** Begins to fetch the renderer, so that the first answer need not wait for it. */
export const preloadMarkdown = (): void => {
  // A failure shows itself where the renderer is needed.
  load().catch(() => undefined);
};

interface Props {
  text: string;
  streaming?: boolean;
}

/** Markdown of a model. Shown as plain text for the moment in which the renderer loads. */
export const Markdown = memo(({ text, streaming = false }: Props) => (
  <Suspense fallback={<div className="prose whitespace-pre-wrap">{text}</div>}>
    <Rendered text={text} streaming={streaming} />
  </Suspense>
));
