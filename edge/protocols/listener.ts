import type { Logger } from "../../services/lib/telemetry/log.ts";
import { observeExchange } from "../call/observe-exchange.ts";
import type { ChooseDialect } from "../dialects/choose-dialect.ts";
import { pathUnknown, urlTooLong } from "../errors/http-error.ts";
import type { TrustedProxies } from "../http/client-address.ts";
import type { Cors } from "../http/cors.ts";
import { beginExchange, type Exchange } from "../http/exchange.ts";
import { checkHead } from "../http/head-limits.ts";
import { isGone, type Listener } from "../http/http.ts";
import { enableLingeringClose } from "../http/lingering-close.ts";
import { breakOff, sendError } from "../http/send.ts";
import type { Protocol } from "./protocol.ts";
import type { ReportError } from "./report-error.ts";

const urlBytesMax = 8 * 1024;

/** Handles every request that reaches the edge, by the first protocol that claims it. */
export function createListener(options: {
  protocols: readonly Protocol[];
  dialectOf: ChooseDialect;
  trustedProxies: TrustedProxies;
  toError: ReportError;
  cors: Cors | undefined;
  hstsMaxAgeSeconds: number | undefined;
  log: Logger;
}): Listener {
  const { protocols, toError, cors, hstsMaxAgeSeconds, log } = options;
  const fail = (exchange: Exchange, error: unknown): void => {
    if (isGone(exchange.response)) return;
    const reported = toError(error, exchange);
    if (exchange.response.headersSent) breakOff(exchange);
    else sendError(exchange, reported);
  };
  const respond = (exchange: Exchange): void => {
    const { request, response } = exchange;
    enableLingeringClose(request, response);
    if (hstsMaxAgeSeconds !== undefined) {
      response.setHeader("strict-transport-security", `max-age=${hstsMaxAgeSeconds}`);
    }
    cors?.allow(request, response);
    if (cors?.sendPreflight(exchange)) return;
    dispatch(exchange, protocols)
      .catch((error: unknown) => fail(exchange, error))
      .catch((error: unknown) => {
        log.error({ err: error, requestId: exchange.requestId }, "an error could not be answered");
        breakOff(exchange);
      });
  };
  return (request, response) => {
    const exchange = beginExchange(request, response, options);
    // A broken pipe of a caller that disconnected is not an error: `close` reports it.
    response.on("error", () => undefined);
    observeExchange(exchange, log, () => respond(exchange));
  };
}

/** Has the response of HTTP/1.1 say `Connection: close`. */
function endConnection(response: Exchange["response"]): void {
  if ("shouldKeepAlive" in response) response.shouldKeepAlive = false;
}

async function dispatch(exchange: Exchange, protocols: readonly Protocol[]): Promise<void> {
  const { request, response, path } = exchange;
  // HTTP/1.1 without Host is malformed: the connection ends after the error, as Node would end it.
  if (request.httpVersion === "1.1" && request.headers.host === undefined) endConnection(response);
  checkHead(request);
  if ((request.url ?? "").length > urlBytesMax) throw urlTooLong(urlBytesMax);
  if (!path.startsWith("/")) throw pathUnknown();
  const protocol = protocols.find(({ claims }) => claims(exchange));
  if (!protocol) throw pathUnknown();
  exchange.protocol = protocol.name;
  await protocol.handle(exchange);
}
