import { useQueryClient } from "@tanstack/react-query";
import { Circle, Square, Upload, Video as VideoIcon, X } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/parts";
import { messageOf } from "@/lib/api/client";
import { refresh } from "./queries";
import { useCamera } from "./use-camera";
import { sendVideo } from "./video-queries";

/** Upload a video, or record one with the camera. What failed can be sent again. */
export function VideoPanel({ id }: { id: string }) {
  const client = useQueryClient();
  const [sent, setSent] = useState<number | null>(null);
  const [fault, setFault] = useState("");
  const [unsent, setUnsent] = useState<{ video: Blob; name: string } | null>(null);
  const stop = useRef<AbortController | null>(null);
  const file = useRef<HTMLInputElement>(null);

  async function send(video: Blob, name: string) {
    setSent(0);
    setFault("");
    setUnsent(null);
    stop.current = new AbortController();
    try {
      await sendVideo(id, video, name, setSent, stop.current.signal);
      await refresh(client);
    } catch (error) {
      if (!(error instanceof DOMException)) {
        setFault(messageOf(error));
        setUnsent({ video, name });
      }
    }
    setSent(null);
  }

  const camera = useCamera((video) => void send(video, video.type.includes("mp4") ? "camera.mp4" : "camera.webm"));
  return (
    <div className="grid gap-4 rounded-xl border bg-raised px-5 py-4">
      {camera.stream && (
        <video
          // What the camera sees has no words to be shown.
          ref={(element) => {
            if (element && element.srcObject !== camera.stream) element.srcObject = camera.stream;
          }}
          aria-label="What the camera sees"
          className="aspect-video w-full max-w-md rounded-lg bg-black"
          autoPlay
          muted
          playsInline
        />
      )}
      <div className="flex flex-wrap items-center gap-3">
        {sent !== null ? (
          <>
            <progress aria-label="Sent" className="h-2 w-48 accent-accent" value={sent} max={1} />
            <span role="status" className="text-sm text-ink-2">
              {sent < 1 ? `Sending, ${Math.floor(sent * 100)} %` : "Looking into it"}
            </span>
            <Button variant="ghost" onClick={() => stop.current?.abort()}>
              <X className="size-4" />
              Cancel
            </Button>
          </>
        ) : camera.stream ? (
          <>
            {camera.recording ? (
              <Button variant="danger" onClick={camera.stop}>
                <Square className="size-4" />
                Stop and send
              </Button>
            ) : (
              <Button variant="primary" onClick={camera.start}>
                <Circle className="size-4" />
                Record
              </Button>
            )}
            <Button variant="ghost" onClick={camera.close}>
              <X className="size-4" />
              Close the camera
            </Button>
          </>
        ) : (
          <>
            <Button variant="primary" onClick={() => file.current?.click()}>
              <Upload className="size-4" />
              Upload a video
            </Button>
            <Button onClick={() => void camera.open()}>
              <VideoIcon className="size-4" />
              Use the camera
            </Button>
            <input
              ref={file}
              type="file"
              aria-label="A video"
              accept="video/*,audio/*,.mkv"
              className="sr-only"
              tabIndex={-1}
              onChange={({ target }) => {
                const chosen = target.files?.[0];
                target.value = "";
                if (chosen) void send(chosen, chosen.name);
              }}
            />
          </>
        )}
      </div>
      {(camera.fault || fault) && (
        <Notice
          tone="danger"
          action={
            unsent && (
              <Button size="sm" onClick={() => void send(unsent.video, unsent.name)}>
                Send again
              </Button>
            )
          }
        >
          {camera.fault || fault}
        </Notice>
      )}
    </div>
  );
}
