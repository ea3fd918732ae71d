import type { Logger } from "../../services/lib/telemetry/log.ts";
import type { ByteCount } from "../http/count-bytes.ts";
import type { Exchange } from "../http/exchange.ts";
import { isWhole } from "./outcome.ts";

export type RequestOutcome = {
  readonly code: string;
  readonly bytes: ByteCount;
  readonly traceId: string | undefined;
};

/** Logs a request when its exchange is over, without headers and URL, which may contain secrets. */
export function logAccess(exchange: Exchange, { code, bytes, traceId }: RequestOutcome, log: Logger): void {
  const { request, response, principal, method } = exchange;
  log.info(
    {
      requestId: exchange.requestId,
      traceId,
      org: principal?.orgId,
      user: principal?.userId,
      apiKey: principal?.apiKeyId,
      delegateUser: principal?.delegate?.userId,
      delegateApiKey: principal?.delegate?.apiKeyId,
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
