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
  const counted = (write: Write): Write =>
    function count(chunk, ...rest) {
      if (typeof chunk === "string") bytes += Buffer.byteLength(chunk);
      else if (chunk instanceof Uint8Array) bytes += chunk.byteLength;
      return write.call(response, chunk, ...rest);
    };
  const target = response as unknown as { write: Write; end: Write };
  target.write = counted(target.write);
  target.end = counted(target.end);
  return () => bytes;
}
