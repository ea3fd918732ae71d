import type { HttpRequest, HttpResponse } from "./http.ts";

/** Bytes of both bodies so far, as on the wire. */
export type ByteCount = { received: number; sent: number };

type Write = (chunk: unknown, ...rest: unknown[]) => unknown;

/** Counts bytes without consuming the request or delaying the response. */
export function countBytes(request: HttpRequest, response: HttpResponse): ByteCount {
  const count = { received: 0, sent: 0 };
  countReceived(request, count);
  countSent(response, count);
  return count;
}

// Node pushes the bytes in both HTTP versions. A `data` listener would start the flow.
function countReceived(request: HttpRequest, count: ByteCount): void {
  const push = request.push;
  request.push = function counted(chunk, encoding) {
    if (chunk) count.received += byteLengthOf(chunk);
    return push.call(request, chunk, encoding);
  };
}

function countSent(response: HttpResponse, count: ByteCount): void {
  let depth = 0;
  const counted = (write: Write): Write =>
    function counting(chunk, ...rest) {
      // In HTTP/2, `end` calls `write`.
      if (depth === 0) count.sent += byteLengthOf(chunk);
      depth += 1;
      try {
        return write.call(response, chunk, ...rest);
      } finally {
        depth -= 1;
      }
    };
  const target = response as unknown as { write: Write; end: Write };
  target.write = counted(target.write);
  target.end = counted(target.end);
}

function byteLengthOf(chunk: unknown): number {
  if (typeof chunk === "string") return Buffer.byteLength(chunk);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
