import type { ContentAnswer } from "./choose-answer.ts";
import { contentRangeOf, multipartLength, multipartType } from "./multipart-ranges.ts";

export type ContentHead = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

/** Status and headers of a response, from the headers of the whole content. */
export function headOfAnswer(
  answer: ContentAnswer,
  whole: Readonly<Record<string, string>>,
  sizeBytes: number,
): ContentHead {
  switch (answer.kind) {
    case "whole":
      return { status: 200, headers: whole };
    case "notModified":
      return { status: 304, headers: cacheHeadersOf(whole) };
    case "part":
      return {
        status: 206,
        headers: {
          ...whole,
          "content-length": String(answer.end - answer.start),
          "content-range": contentRangeOf(answer, sizeBytes),
        },
      };
    case "parts": {
      const length = multipartLength(answer.spans, whole, sizeBytes);
      return {
        status: 206,
        headers: { ...whole, "content-type": multipartType(whole), "content-length": String(length) },
      };
    }
  }
}

const cacheHeaders = ["etag", "last-modified", "cache-control"];

const cacheHeadersOf = (whole: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(whole).filter(([name]) => cacheHeaders.includes(name)));
