import type { Span } from "./byte-range.ts";
import type { ContentAnswer } from "./choose-answer.ts";
import { multipartOf } from "./multipart-ranges.ts";

/**
 * The body of a response: texts to send as they are, and spans of the content to read. `whole` has the headers of the
 * whole content.
 */
export function bodyOfAnswer(
  answer: ContentAnswer,
  whole: Readonly<Record<string, string>>,
  sizeBytes: number,
): readonly (Buffer | Span)[] {
  switch (answer.kind) {
    case "notModified":
      return [];
    case "whole":
      return [{ start: 0, end: sizeBytes }];
    case "part":
      return [{ start: answer.start, end: answer.end }];
    case "parts":
      return multipartOf(answer.spans, whole, sizeBytes);
  }
}
