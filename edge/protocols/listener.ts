import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Logger } from "../../services/lib/telemetry/log.ts";
import type { Admit } from "../admission/admit.ts";
import type { Forward } from "../call/forward.ts";
import { observeExchange } from "../call/observe-exchange.ts";
import type { ContentReads } from "../content/content-reads.ts";
import { type ErrorStyle, toCallerError } from "../errors/caller-error.ts";
import { methodNotAllowed, pathUnknown, urlTooLong } from "../errors/http-error.ts";
import { methodUnknown } from "../errors/refusals.ts";
import type { TrustedProxies } from "../http/client-address.ts";
import { type CorsSettings, createCors } from "../http/cors.ts";
import type { Deadlines } from "../http/deadline.ts";
import { beginExchange, type Exchange } from "../http/exchange.ts";
import { checkHead } from "../http/head-limits.ts";
import { type HttpRequest, headerOf, isGone, type Listener } from "../http/http.ts";
import type { Limits } from "../http/limits.ts";
import { lingerForBody } from "../http/linger.ts";
import { breakOff, jsonType, type Outgoing, sendError } from "../http/outgoing.ts";
import { routesOf } from "../method/routes-of.ts";
import type { Pages } from "../pages/page.ts";
import { pageAt } from "../pages/send-page.ts";
import { createRestHandler } from "../rest/handler.ts";
import { createRpcHandler } from "../rpc/handler.ts";
import { sendMethodUnknown } from "../rpc/send-method-unknown.ts";
import { wireOf } from "../rpc/wire.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { sendLiveness, sendReadiness } from "./health.ts";

const livePath = "/health";
const readyPath = "/health/ready";

const urlBytesMax = 8 * 1024;

/** Answers every request that reaches the edge. */
export function createListener(options: {
  services: readonly DescService[];
  upstreams: ReadonlyMap<string, Upstream>;
  pages: Pages;
  admit: Admit;
  trustedProxies: TrustedProxies;
  forward: Forward;
  deadlines: Deadlines;
  messageBytesMax: number;
  contentReads: ContentReads | undefined;
  limits: Limits;
  errorStyle: ErrorStyle;
  log: Logger;
  hstsMaxAgeSeconds?: number | undefined;
  cors?: CorsSettings | undefined;
  passedHeaders: readonly string[];
}): Listener {
  const { services, upstreams, errorStyle: style, log } = options;
  const methods: DescMethod[] = services.flatMap((service) => service.methods);
  const toError = (error: unknown, exchange: Exchange) => {
    const { requestId } = exchange;
    const logged = (err: unknown) => log.error({ err, requestId }, "request failed");
    const told = toCallerError(error, { requestId, style, logged });
    exchange.error ??= told;
    return told;
  };
  const routes = methods.flatMap(routesOf);
  const cors = options.cors && createCors(options.cors, { ...options, routes });
  const rest = createRestHandler({ ...options, routes, toError });
  const rpc = createRpcHandler(methods, { ...options, toError });

  const dispatch = async (exchange: Exchange, out: Outgoing): Promise<void> => {
    const { request } = exchange;
    checkHead(request);
    const path = pathOf(request);
    const plan = rpc.planOf(path);
    const sendPage = pageAt(options.pages, path);
    if (plan) {
      exchange.method = plan.method;
      exchange.route = path;
      await rpc.handle(exchange, plan);
    } else if (path === livePath || path === readyPath) {
      exchange.protocol = "health";
      exchange.route = path;
      refuseOtherMethods(request, ["GET", "HEAD"]);
      await (path === livePath ? sendLiveness(out) : sendReadiness(out, upstreams));
    } else if (sendPage) {
      exchange.protocol = "page";
      exchange.route = path;
      await sendPage(exchange, out);
    } else if (isRpc(request)) sendMethodUnknown(exchange, toError(methodUnknown(), exchange));
    else await rest(exchange, out);
  };

  return (request, response) => {
    const exchange = beginExchange(request, response, options.trustedProxies);
    const out = {
      response,
      requestId: exchange.requestId,
      headOnly: request.method === "HEAD",
      signalOf: () => exchange.signal,
      readsOf: () => exchange.reads,
    };
    // A caller that goes away is noticed by `close`; its broken pipe is nobody's error.
    response.on("error", () => undefined);
    const answer = () => {
      lingerForBody(request, response);
      if (options.hstsMaxAgeSeconds !== undefined) {
        response.setHeader("strict-transport-security", `max-age=${options.hstsMaxAgeSeconds}`);
      }
      cors?.allow(request, response);
      if (cors?.answerPreflight(request, out)) return;
      dispatch(exchange, out)
        .catch((error: unknown) => {
          if (isGone(response)) return;
          const told = toError(error, exchange);
          if (response.headersSent) breakOff(out);
          else sendError(out, told);
        })
        .catch((error: unknown) => {
          log.error({ err: error, requestId: exchange.requestId }, "an error could not be answered");
          breakOff(out);
        });
    };
    observeExchange(exchange, log, answer);
  };
}

function pathOf({ url = "" }: HttpRequest): string {
  if (url.length > urlBytesMax) throw urlTooLong(urlBytesMax);
  if (!url.startsWith("/")) throw pathUnknown();
  const query = url.indexOf("?");
  return query < 0 ? url : url.slice(0, query);
}

function refuseOtherMethods({ method = "" }: HttpRequest, allowed: readonly string[]): void {
  if (!allowed.includes(method)) throw methodNotAllowed(allowed);
}

// JSON alone may be REST's as well; Connect's clients say that it is theirs.
function isRpc(request: HttpRequest): boolean {
  const wire = wireOf(headerOf(request, "content-type"));
  if (!wire) return headerOf(request, "content-type")?.startsWith("application/grpc") === true;
  return wire.contentType !== jsonType || headerOf(request, "connect-protocol-version") !== undefined;
}
