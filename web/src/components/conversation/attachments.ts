/** Pictures on their way into a question. */
import { useEffect, useRef, useState } from "react";
import { api, messageOf } from "@/lib/api/client";
import type { UploadedFile } from "@/lib/api/types";
import { toast } from "@/lib/toast";

export interface Attachment {
  key: number;
  name: string;
  /** A blob: address of the picture on this device. */
  preview: string;
  uploaded: UploadedFile | null;
}

export const imageTypes = ["image/png", "image/jpeg", "image/webp", "image/gif"];
const mostBytes = 20_000_000;
const mostFiles = 8;

export interface Attachments {
  items: readonly Attachment[];
  uploading: boolean;
  add: (files: Iterable<File>) => void;
  remove: (key: number) => void;
  /** Takes all away; `keepPreviews` when they are still shown elsewhere. */
  clear: () => void;
}

export function useAttachments(): Attachments {
  const [items, setItems] = useState<readonly Attachment[]>([]);
  const counter = useRef(0);
  const held = useRef(items);
  useEffect(() => {
    held.current = items;
  }, [items]);
  useEffect(
    () => () => {
      for (const item of held.current) URL.revokeObjectURL(item.preview);
    },
    [],
  );

  const upload = async (key: number, file: File) => {
    const form = new FormData();
    form.append("file", file);
    try {
      const uploaded = await api.post<UploadedFile>("/files", form);
      setItems((all) => all.map((item) => (item.key === key ? { ...item, uploaded } : item)));
    } catch (error) {
      setItems((all) => all.filter((item) => item.key !== key));
      toast(`${file.name}: ${messageOf(error)}`, { kind: "error" });
    }
  };

  const add = (files: Iterable<File>) => {
    let room = mostFiles - held.current.length;
    for (const file of files) {
      if (!imageTypes.includes(file.type)) toast(`${file.name || "That file"} is not a PNG, JPEG, WebP or GIF picture.`, { kind: "error" });
      else if (file.size > mostBytes) toast(`${file.name} is larger than 20 MB.`, { kind: "error" });
      else if (room-- <= 0) {
        toast(`A question takes ${mostFiles} pictures at most.`, { kind: "error" });
        return;
      } else {
        const key = ++counter.current;
        setItems((all) => [...all, { key, name: file.name || "picture", preview: URL.createObjectURL(file), uploaded: null }]);
        void upload(key, file);
      }
    }
  };

  const remove = (key: number) =>
    setItems((all) => {
      const gone = all.find((item) => item.key === key);
      if (gone) URL.revokeObjectURL(gone.preview);
      return all.filter((item) => item.key !== key);
    });

  const clear = () => {
    for (const item of held.current) URL.revokeObjectURL(item.preview);
    setItems([]);
  };

  return { items, uploading: items.some((item) => item.uploaded === null), add, remove, clear };
}
