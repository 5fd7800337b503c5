import { RotateCw, X } from "lucide-react";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/page";
import { formatBytes } from "@/lib/format";
import { Progress } from "./progress";
import type { Upload, Uploads } from "./uploads";
import { percent } from "./words";

/** What is on its way, and what did not arrive. */
export const UploadList = ({ uploads, items }: { uploads: Uploads; items: readonly Upload[] }) =>
  items.length > 0 && (
    <Card>
      <ul aria-label="Uploads" className="divide-y">
        {items.map((item) => (
          <li key={item.key} className="flex items-center gap-2 py-2.5 pr-2 pl-4">
            <div className="grid min-w-0 flex-1 gap-1">
              <p className="flex items-baseline gap-2 text-sm">
                <span className="min-w-0 truncate">{item.name}</span>
                <span className="shrink-0 text-[13px] text-ink-3 tabular-nums">
                  {item.state === "queued" ? "waits" : item.state === "sending" ? `${percent(item.sent)} of ${formatBytes(item.file.size)}` : formatBytes(item.file.size)}
                </span>
              </p>
              {item.state === "failed" ? <p className="text-[13px] text-danger [overflow-wrap:anywhere]">{item.fault}</p> : <Progress label={`Upload of ${item.name}`} value={item.sent} />}
            </div>
            {item.state === "failed" && (
              <Button variant="ghost" size="icon" aria-label={`Upload ${item.name} again`} title="Upload again" onClick={() => uploads.retry(item.key)}>
                <RotateCw className="size-4" />
              </Button>
            )}
            <Button variant="ghost" size="icon" aria-label={item.state === "failed" ? `Take ${item.name} off the list` : `Cancel the upload of ${item.name}`} title={item.state === "failed" ? "Take off the list" : "Cancel"} onClick={() => uploads.remove(item.key)}>
              <X className="size-4" />
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  );
