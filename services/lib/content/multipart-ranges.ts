import type { Span } from "./byte-range.ts";

/** Headers of a response with the whole content. */
type Headers = Readonly<Record<string, string>>;

/**
 * The parts of a `multipart/byteranges` body (RFC 9110, 14.6): texts to send as they are, and spans of the content. The
 * delimiter is made of the content's ETag, its hash: no content can have its own hash in it.
 */
export function multipartOf(spans: readonly Span[], whole: Headers, sizeBytes: number): (Buffer | Span)[] {
  const delimiter = delimiterOf(whole);
  const parts = spans.flatMap((span, at) => [
    Buffer.from(
      `${at > 0 ? "\r\n" : ""}--${delimiter}\r\ncontent-type: ${whole["content-type"]}\r\n` +
        `content-range: ${contentRangeOf(span, sizeBytes)}\r\n\r\n`,
    ),
    span,
  ]);
  return [...parts, Buffer.from(`\r\n--${delimiter}--\r\n`)];
}

/** The media type of the body. */
export const multipartType = (whole: Headers): string =>
  `multipart/byteranges; boundary=${delimiterOf(whole)}`;

/** The size of the body in bytes. */
export const multipartLength = (spans: readonly Span[], whole: Headers, sizeBytes: number): number =>
  multipartOf(spans, whole, sizeBytes).reduce(
    (total, part) => total + (isSpan(part) ? part.end - part.start : part.byteLength),
    0,
  );

export const isSpan = (part: Buffer | Span): part is Span => !Buffer.isBuffer(part);

export const contentRangeOf = ({ start, end }: Span, sizeBytes: number): string =>
  `bytes ${start}-${end - 1}/${sizeBytes}`;

/** At most 70 characters of those that need no quotes (RFC 2046, 5.1.1). */
const delimiterOf = ({ etag = "" }: Headers): string =>
  `sluice-${etag.replaceAll(/[^\da-z]/gi, "").slice(0, 60)}`;
