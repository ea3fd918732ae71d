import type { Span } from "../../lib/content/byte-range.ts";
import type { Content } from "../objects/object-store.ts";
import type { OpenContent } from "../objects/verified-content.ts";

/** A small part of a content; less where the content ends. */
export async function readBytes(open: OpenContent, { sizeBytes }: Content, span: Span): Promise<Buffer> {
  const [start, end] = [Math.min(span.start, sizeBytes), Math.min(span.end, sizeBytes)];
  if (start >= end) return Buffer.alloc(0);
  return Buffer.concat(await Array.fromAsync(open.readSpan({ start, end })));
}
