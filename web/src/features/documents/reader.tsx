import { type RefObject, useEffect, useLayoutEffect, useRef } from "react";
import { Button } from "@/components/ui/button";
import { Card, LoadFault, ShowMore, TableSkeleton } from "@/components/ui/page";
import type { KnownDocument, Span, TextPiece } from "@/lib/api/types";
import { excerpt } from "@/lib/documents";
import { useText } from "./queries";

/** A document's text, some of it at a time; at `span`, marked, where one is given. */
export function Reader({ document, span }: { document: KnownDocument; span: Span | null }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage, hasPreviousPage, isFetchingPreviousPage, fetchPreviousPage } = useText(document, span?.start ?? 0);
  const place = useRef<HTMLElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const height = useRef<number | null>(null);
  const there = data !== undefined;
  const first = data?.pages[0]?.start;

  useEffect(() => {
    if (!there) return;
    place.current?.scrollIntoView({ block: "center" });
    place.current?.focus({ preventScroll: true });
  }, [there]);
  useLayoutEffect(() => {
    // What came above moves down what a person reads: the room is scrolled along.
    const element = body.current;
    if (height.current !== null && element) element.closest(".scroll")?.scrollBy({ top: element.offsetHeight - height.current });
    height.current = null;
  }, [first]);

  if (error) return <LoadFault error={error} retry={() => void refetch()} />;
  if (!data) return <TableSkeleton rows={6} />;
  const earlier = () => {
    height.current = body.current?.offsetHeight ?? null;
    void fetchPreviousPage();
  };
  return (
    <div className="grid gap-3">
      {hasPreviousPage && (
        <Button className="justify-self-center" size="sm" busy={isFetchingPreviousPage} onClick={earlier}>
          Show what stands before
        </Button>
      )}
      <Card className="px-5 py-4 sm:px-7">
        <div ref={body} dir="auto" data-text className="text-[15px] leading-relaxed whitespace-pre-wrap [overflow-wrap:anywhere]">
          {data.pages.map((piece) => (
            <Piece key={piece.start} piece={piece} span={span} place={place} />
          ))}
        </div>
      </Card>
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </div>
  );
}

interface PieceProps {
  piece: TextPiece;
  span: Span | null;
  place: RefObject<HTMLElement | null>;
}

function Piece({ piece, span, place }: PieceProps) {
  if (!span || span.end <= piece.start || span.start >= piece.end) return piece.text;
  const [before, said, after] = excerpt(piece, span, Number.POSITIVE_INFINITY);
  return (
    <>
      {before}
      <mark ref={span.start >= piece.start ? place : undefined} tabIndex={-1} className="rounded-sm bg-warn-soft text-ink outline-none ring-2 ring-warn/50">
        {said}
      </mark>
      {after}
    </>
  );
}
