import type { RawResponse } from "./raw-http.ts";

/** Bytes of a content, with the positions that the response says they have. */
type Part = { first: number; last: number; total: number; bytes: Buffer };

/** The parts of a response with status 206, read by their headers, as a client does. */
export function readParts({ headers, bytes }: RawResponse): Part[] {
  const [, delimiter] =
    /^multipart\/byteranges; boundary=([\w-]{1,70})$/.exec(String(headers["content-type"])) ?? [];
  if (delimiter === undefined) return [partOf(String(headers["content-range"]), bytes)];
  const parts: Part[] = [];
  let rest = expectStart(bytes, `--${delimiter}`);
  while (!rest.subarray(0, 2).equals(Buffer.from("--"))) {
    const end = rest.indexOf("\r\n\r\n");
    const range = /\r\ncontent-range: (.*)$/.exec(rest.subarray(0, end).toString())?.[1] ?? "";
    const { first, last } = partOf(range, Buffer.alloc(0));
    const body = rest.subarray(end + 4, end + 4 + last - first + 1);
    parts.push(partOf(range, body));
    rest = expectStart(rest.subarray(end + 4 + body.length), `\r\n--${delimiter}`);
  }
  if (rest.toString() !== "--\r\n") throw new Error("bytes follow the last part");
  return parts;
}

function expectStart(bytes: Buffer, text: string): Buffer {
  if (bytes.subarray(0, text.length).toString() !== text) throw new Error(`${text} was expected`);
  return bytes.subarray(text.length);
}

function partOf(contentRange: string, bytes: Buffer): Part {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange) ?? [];
  if (total === undefined) throw new Error(`${contentRange} is no Content-Range`);
  return { first: Number(first), last: Number(last), total: Number(total), bytes };
}
