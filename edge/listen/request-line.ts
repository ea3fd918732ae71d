/** A request line of HTTP/1, as `GET /path?query HTTP/1.1`. */
const requestLine = /^[A-Z-]{1,20} (\/[!->@-~]*)[? ]/;

/** Paths of APIs are shorter. */
const bytesMax = 1024;

/** The raw path of a request line, if bytes begin with one. */
export const pathInBytes = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && requestLine.exec(Buffer.from(bytes.subarray(0, bytesMax)).toString("latin1"))?.[1];
