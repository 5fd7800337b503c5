import { lazy, memo, Suspense } from "react";

const Rendered = lazy(() => import("./markdown"));

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
