import type { ContentAnswer } from "./choose-answer.ts";

export type ContentHead = { readonly status: number; readonly headers: Readonly<Record<string, string>> };

/** Status and headers of a response, from the headers of the whole content. */
export function headOfAnswer(
  answer: ContentAnswer,
  whole: Readonly<Record<string, string>>,
  sizeBytes: number,
): ContentHead {
  if (answer.kind === "whole") return { status: 200, headers: whole };
  if (answer.kind === "notModified") return { status: 304, headers: cacheHeadersOf(whole) };
  const { start, end } = answer;
  return {
    status: 206,
    headers: {
      ...whole,
      "content-length": String(end - start),
      "content-range": `bytes ${start}-${end - 1}/${sizeBytes}`,
    },
  };
}

const cacheHeaders = ["etag", "last-modified", "cache-control"];

const cacheHeadersOf = (whole: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(whole).filter(([name]) => cacheHeaders.includes(name)));
