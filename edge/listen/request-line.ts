/** `GET /path?query HTTP/1.1`, at the beginning of what a connection of HTTP/1 sends. */
const requestLine = /^[A-Z-]{1,20} (\/[!->@-~]*)[? ]/;

/** More than the longest path that a dialect could be chosen by. */
const bytesMax = 1024;

/** The raw path that bytes ask for, where they begin with a request line of HTTP/1; else undefined. */
export const pathInBytes = (bytes: Uint8Array | undefined): string | undefined =>
  bytes && requestLine.exec(Buffer.from(bytes.subarray(0, bytesMax)).toString("latin1"))?.[1];
