import { createDecipheriv } from "node:crypto";
import type { Span } from "./byte-range.ts";

// A sealed content is a sequence of segments, each AES-256-GCM with its own tag, so that a range is decrypted and
// authenticated without the rest. The data key is random and used for one content only, so the number of a segment is its
// nonce. The last segment is marked in it: a content that is cut off does not authenticate.

export const sealAlgorithm = "aes-256-gcm";
/** Bytes of content in a segment; the last one may have fewer. */
export const segmentBytes = 64 * 1024;
export const tagBytes = 16;
const nonceBytes = 12;
/** Content that is decrypted into one chunk: few chunks cost less to send. */
const chunkSegments = 8;

/** What a reader needs to decrypt a content. */
export type Seal = { readonly dataKey: Uint8Array; readonly sizeBytes: number };

/** Segments that cover a span, and where they are in the sealed bytes. */
export type SegmentSpan = { readonly first: number; readonly end: number; readonly sealed: Span };

/** The content was changed, cut off, or sealed with another key. Nothing of the damaged segment was returned. */
export class SealBroken extends Error {
  override name = "SealBroken";
}

const segmentCount = (sizeBytes: number): number => Math.ceil(sizeBytes / segmentBytes);

/** Size of the sealed segments of a content. */
export const sealedBytes = (sizeBytes: number): number => sizeBytes + segmentCount(sizeBytes) * tagBytes;

/** Nonce of a segment. */
export function segmentNonce(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  nonce.writeUInt32BE(index, nonceBytes - 5);
  nonce[nonceBytes - 1] = isLast ? 1 : 0;
  return nonce;
}

/** The segments of a span within a content. */
export function segmentsOf({ start, end }: Span, sizeBytes: number): SegmentSpan {
  const first = Math.floor(start / segmentBytes);
  const last = Math.min(Math.ceil(end / segmentBytes), segmentCount(sizeBytes));
  const begin = first * (segmentBytes + tagBytes);
  return {
    first,
    end: Math.max(first, last),
    sealed: {
      start: begin,
      end: Math.max(begin, Math.min(last * (segmentBytes + tagBytes), sealedBytes(sizeBytes))),
    },
  };
}

/** The part of a span that a content of this size has. */
export const clipped = ({ start, end }: Span, sizeBytes: number): Span => {
  const from = Math.min(start, sizeBytes);
  return { start: from, end: Math.max(from, Math.min(end, sizeBytes)) };
};

/** Decrypts a span from its sealed segments in memory. Throws SealBroken. */
export function openSpan(seal: Seal, span: Span, sealed: Uint8Array): Buffer {
  const opener = createOpener(seal, span);
  const opened = Buffer.concat([...opener.add(sealed), ...opener.end()]);
  if (opened.length < span.end - span.start) throw new SealBroken("the sealed content ends early");
  return opened;
}

/**
 * Decrypts a span from a stream of its sealed segments, in chunks of any size. Bytes are returned after their segment's tag
 * was checked. It ends early, with a whole segment, where the sealed bytes end. Throws SealBroken.
 */
export async function* openStream(
  seal: Seal,
  span: Span,
  sealed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void> {
  const opener = createOpener(seal, span);
  for await (const chunk of sealed) yield* opener.add(chunk);
  yield* opener.end();
}

/** Takes the sealed segments of a span, and returns its bytes as far as they are authentic. */
function createOpener({ dataKey, sizeBytes }: Seal, span: Span) {
  const { first, end } = segmentsOf(span, sizeBytes);
  let index = first;
  let parts: Uint8Array[] = [];
  let partBytes = 0;
  let opened: Buffer[] = [];
  const lengthOf = (segment: number): number =>
    Math.min(segmentBytes, sizeBytes - segment * segmentBytes) + tagBytes;
  const openOne = () => {
    const bytes = openSegment({ dataKey, index, isLast: index === segmentCount(sizeBytes) - 1 }, parts);
    opened.push(...within(bytes, index * segmentBytes, span));
    parts = [];
    partBytes = 0;
    index += 1;
  };
  const flush = (): Buffer[] => {
    const chunk = opened.length > 1 ? [Buffer.concat(opened)] : opened;
    opened = [];
    return chunk;
  };
  return {
    *add(chunk: Uint8Array): Generator<Buffer, void> {
      for (let rest = chunk; rest.length > 0 && index < end; ) {
        const part = rest.subarray(0, lengthOf(index) - partBytes);
        parts.push(part);
        partBytes += part.length;
        rest = rest.subarray(part.length);
        if (partBytes === lengthOf(index)) openOne();
        if (opened.length >= chunkSegments) yield* flush();
      }
    },
    end: flush,
  };
}

type Segment = { readonly dataKey: Uint8Array; readonly index: number; readonly isLast: boolean };

/** The parts of a segment's content, once its tag has proved right. */
function openSegment({ dataKey, index, isLast }: Segment, parts: readonly Uint8Array[]): Buffer[] {
  const { body, tag } = withoutTag(parts);
  const decipher = createDecipheriv(sealAlgorithm, dataKey, segmentNonce(index, isLast), {
    authTagLength: tagBytes,
  });
  decipher.setAuthTag(tag);
  const opened = body.map((part) => decipher.update(part));
  try {
    decipher.final();
  } catch (error) {
    throw new SealBroken(`segment ${index} of the sealed content is not authentic`, { cause: error });
  }
  return opened;
}

/** A segment can arrive in two chunks or more, and its tag, too. */
function withoutTag(parts: readonly Uint8Array[]): { body: readonly Uint8Array[]; tag: Uint8Array } {
  const last = parts.at(-1);
  if (last && last.length >= tagBytes) {
    const cut = last.length - tagBytes;
    return { body: [...parts.slice(0, -1), last.subarray(0, cut)], tag: last.subarray(cut) };
  }
  const whole = Buffer.concat(parts);
  return { body: [whole.subarray(0, -tagBytes)], tag: whole.subarray(-tagBytes) };
}

/** The parts of a segment that begins at `position`, as far as they are in the span. */
function within(parts: readonly Buffer[], position: number, { start, end }: Span): Buffer[] {
  let at = position;
  return parts.flatMap((part) => {
    const cut = part.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += part.length;
    return cut.length > 0 ? [cut] : [];
  });
}
