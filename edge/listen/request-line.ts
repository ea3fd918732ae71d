import type { IncomingMessage } from "node:http";

/** A request line of HTTP/1, as `GET /path?query HTTP/1.1`. */
const requestLine = /^[A-Z-]{1,20} (\/[!->@-~]*)[? ]/;

/** Paths of APIs are shorter. */
const bytesMax = 1024;

/** The raw path of a request line; empty if bytes do not begin with one. */
export function pathInBytes(bytes: Uint8Array | undefined): string {
  const text = bytes ? Buffer.from(bytes.subarray(0, bytesMax)).toString("latin1") : "";
  return requestLine.exec(text)?.[1] ?? "";
}

/** The raw path of a request, without its query. */
export const pathOf = ({ url = "" }: IncomingMessage): string => url.split("?", 1)[0] ?? "";
