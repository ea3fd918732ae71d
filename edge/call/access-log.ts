import type { Logger } from "../../services/lib/telemetry/log.ts";
import type { ByteCount } from "../http/count-bytes.ts";
import type { Exchange } from "../http/exchange.ts";
import { isWhole } from "./outcome.ts";

/** Of a request whose answer is over. */
export type Ending = {
  readonly code: string;
  readonly bytes: ByteCount;
  readonly traceId: string | undefined;
};

/** Writes one line for a request when its answer is over. Headers and URL stay out: they may hold secrets. */
export function logAccess(exchange: Exchange, { code, bytes, traceId }: Ending, log: Logger): void {
  const { request, response, principal, method } = exchange;
  log.info(
    {
      requestId: exchange.requestId,
      traceId,
      org: principal?.orgId,
      user: principal?.userId,
      apiKey: principal?.apiKeyId,
      address: exchange.clientAddress,
      http: request.method,
      route: exchange.route,
      method: method && `${method.parent.typeName}.${method.name}`,
      protocol: exchange.protocol,
      code,
      status: response.statusCode,
      complete: isWhole(exchange),
      bytesIn: bytes.received,
      bytes: bytes.sent,
      ms: Date.now() - exchange.startMs,
    },
    "request",
  );
}
