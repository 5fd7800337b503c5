import { LoadFault, Section, ShowMore } from "@/components/ui/page";
import { VideoCard } from "./video-card";
import { VideoPanel } from "./video-panel";
import { useVideos } from "./video-queries";

/** What a session of videos shows. `open`: more can be added to it. */
export function VideoSession({ id, open, may }: { id: string; open: boolean; may: boolean }) {
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useVideos(id);
  const videos = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="Videos">
      {open && <VideoPanel id={id} />}
      {error && <LoadFault error={error} retry={() => void refetch()} />}
      {videos.map((each) => (
        <VideoCard key={each.id} video={each} may={may} />
      ))}
      {data && videos.length === 0 && <p className="text-sm text-ink-3">No video is in this session yet.</p>}
      <ShowMore when={hasNextPage} busy={isFetchingNextPage} load={fetchNextPage} />
    </Section>
  );
}
