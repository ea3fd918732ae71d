import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { GrpcTransport } from "../services/lib/grpc-transport.ts";
import type { Logger } from "../services/lib/log.ts";
import { logAccess } from "./access-log.ts";
import type { Authenticate } from "./auth/authenticate.ts";
import { beginExchange, type Exchange } from "./exchange.ts";
import type { Forward } from "./forward.ts";
import { sendLiveness, sendReadiness } from "./health.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import type { Limits } from "./limits.ts";
import { lingerForBody } from "./linger.ts";
import { toCallerError } from "./relayed.ts";
import { createRestHandler } from "./rest/handler.ts";
import { methodNotAllowed, pathUnknown, urlTooLong } from "./rest/http-error.ts";
import { breakOff, type Outgoing, sendError, sendHead } from "./rest/outgoing.ts";
import { routesOf } from "./rest/route.ts";
import { createRpcHandler, httpMethodsOf, isGrpc } from "./rpc.ts";

const livePath = "/health";
const readyPath = "/health/ready";

const urlBytesMax = 8 * 1024;

export type Listener = (request: HttpRequest, response: HttpResponse) => void;

/** Answers every request that reaches the edge. */
export function createListener(options: {
  services: readonly DescService[];
  upstreams: ReadonlyMap<string, GrpcTransport>;
  authenticate: Authenticate;
  forward: Forward;
  limits: Limits;
  log: Logger;
}): Listener {
  const { services, upstreams, log } = options;
  const methods: DescMethod[] = services.flatMap((service) => service.methods);
  const toError = (error: unknown, { requestId }: Exchange) =>
    toCallerError(error, requestId, (err) => log.error({ err, requestId }, "request failed"));
  const rest = createRestHandler({ ...options, routes: methods.flatMap(routesOf), toError });
  const rpc = createRpcHandler({ ...options, methods, toError });

  const dispatch = async (exchange: Exchange, out: Outgoing): Promise<void> => {
    const { request } = exchange;
    const path = pathOf(request);
    const method = rpc.methodOf(path);
    if (method) {
      exchange.method = method;
      exchange.route = path;
      refuseOtherMethods(request, httpMethodsOf(method));
      rpc.handle(exchange);
    } else if (path === livePath || path === readyPath) {
      exchange.protocol = "health";
      exchange.route = path;
      refuseOtherMethods(request, ["GET", "HEAD"]);
      await (path === livePath ? sendLiveness(out) : sendReadiness(out, upstreams));
    } else if (isGrpc(request)) sendUnimplemented(exchange, out);
    else await rest(exchange, out);
  };

  return (request, response) => {
    const exchange = beginExchange(request, response);
    const out = { response, headOnly: request.method === "HEAD", signal: exchange.signal };
    // A caller that goes away is noticed by `close`; its broken pipe is nobody's error.
    response.on("error", () => undefined);
    logAccess(exchange, log);
    lingerForBody(request, response);
    dispatch(exchange, out)
      .catch((error: unknown) => {
        if (exchange.signal.aborted) return;
        const told = toError(error, exchange);
        if (response.headersSent) breakOff(out);
        else sendError(out, told);
      })
      .catch((error: unknown) => {
        log.error({ err: error, requestId: exchange.requestId }, "an error could not be answered");
        breakOff(out);
      });
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

/** What gRPC answers for a method that there is not: the status stands in the headers. */
function sendUnimplemented({ request }: Exchange, out: Outgoing): void {
  const { code, rawMessage } = new ConnectError("there is no such method", Code.Unimplemented);
  sendHead(out, 200, {
    "content-type": request.headers["content-type"] ?? "application/grpc",
    "grpc-status": code,
    "grpc-message": encodeURIComponent(rawMessage),
  });
  out.response.end();
}
