import { LRUCache } from "lru-cache";
import type { FileRow } from "../file-repository.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import { type Inspection, inspectFile } from "./formats/inspect-file.ts";

/** Contents whose inspections are remembered: the same content is always the same. */
const inspections = new LRUCache<string, Inspection>({ max: 10_000 });

/** Recognises a stored file. Its hash is verified first, unless it was before. Throws contentCorrupt. */
export async function inspectContent(
  content: VerifiedContent,
  file: Pick<FileRow, "orgId" | "sha256" | "sizeBytes">,
): Promise<Inspection> {
  await using open = await content.open(file);
  const known = inspections.get(file.sha256);
  if (known) {
    if (file.sizeBytes > 0) for await (const _chunk of open.readSpan({ start: 0, end: 1 }));
    return known;
  }
  const inspection = await inspectFile({
    sizeBytes: file.sizeBytes,
    async read(start, end) {
      const chunks: Uint8Array[] = [];
      const span = { start, end: Math.min(end, file.sizeBytes) };
      if (span.start < span.end) for await (const chunk of open.readSpan(span)) chunks.push(chunk);
      const [only] = chunks;
      return only && chunks.length === 1 ? only : Buffer.concat(chunks);
    },
  });
  inspections.set(file.sha256, inspection);
  return inspection;
}

type Inspected = Partial<Pick<Inspection, "format" | "safety">> & { readonly sizeBytes: number };

/** Format and safety of a version, from its files. */
export function summarise(files: readonly Inspected[]): Pick<Inspection, "format" | "safety"> {
  const known = files.filter(({ format }) => format !== undefined && format !== "other");
  const largest = known.reduce<Inspected | undefined>(
    (most, file) => (most && most.sizeBytes >= file.sizeBytes ? most : file),
    undefined,
  );
  const isUnsafe = files.some(({ safety }) => safety === "unsafe");
  const isSafe = known.length > 0 && known.every(({ safety }) => safety === "safe");
  return {
    format: largest?.format ?? "other",
    safety: isUnsafe ? "unsafe" : isSafe ? "safe" : "unknown",
  };
}
