import type { Logger } from "../services/lib/log.ts";
import type { Exchange } from "./exchange.ts";
import type { HttpResponse } from "./http.ts";

/** Writes one line for a request when its answer is over. Headers and URL stay out: they may hold secrets. */
export function logAccess(exchange: Exchange, log: Logger): void {
  const bytes = countBytes(exchange.response);
  exchange.response.once("close", () => {
    const { request, response, principal, method } = exchange;
    log.info(
      {
        requestId: exchange.requestId,
        org: principal?.orgId,
        user: principal?.userId,
        http: request.method,
        route: exchange.route,
        method: method && `${method.parent.typeName}.${method.name}`,
        protocol: exchange.protocol,
        status: response.statusCode,
        complete: response.writableEnded,
        bytes: bytes(),
        ms: Date.now() - exchange.startMs,
      },
      "request",
    );
  });
}

type Write = (chunk: unknown, ...rest: unknown[]) => unknown;

function countBytes(response: HttpResponse): () => number {
  let bytes = 0;
  let depth = 0;
  const counted = (write: Write): Write =>
    function count(chunk, ...rest) {
      // One of HTTP/2's two methods calls the other.
      if (depth === 0) bytes += byteLengthOf(chunk);
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
  return () => bytes;
}

function byteLengthOf(chunk: unknown): number {
  if (typeof chunk === "string") return Buffer.byteLength(chunk);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
}
