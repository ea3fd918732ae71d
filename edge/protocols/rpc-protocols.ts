import type { CallServices } from "../call/call-services.ts";
import { google } from "../dialects/google.ts";
import { methodUnknown } from "../errors/refusals.ts";
import { headerOf } from "../http/http.ts";
import { jsonType } from "../http/send.ts";
import type { RpcHandler } from "../rpc/handler.ts";
import { sendMethodUnknown } from "../rpc/send-method-unknown.ts";
import { wireOf } from "../rpc/wire.ts";
import type { Protocol, RequestHead } from "./protocol.ts";

const families = ["connect", "grpc", "grpc-web"] as const;

/** Connect, gRPC and gRPC-Web, at the paths of methods. */
export function createRpcProtocols(rpc: RpcHandler): Protocol[] {
  const handle: Protocol["handle"] = async (exchange) => {
    const plan = rpc.planOf(exchange.path);
    if (!plan) throw new Error(`${exchange.path} is not the path of a method`);
    exchange.method = plan.method;
    exchange.route = exchange.path;
    await rpc.handle(exchange, plan);
  };
  const isMethod = ({ path }: RequestHead): boolean => rpc.planOf(path) !== undefined;
  return [
    ...families.map((name) => ({
      name,
      claims: (head: RequestHead) => isMethod(head) && familyOf(head) === name,
      handle,
    })),
    // A request in none of the three gets an HTTP status without a body.
    { name: "rest", claims: isMethod, handle },
  ];
}

/** The protocol that a request to a method's path speaks; a GET is Connect's. */
function familyOf({ request }: RequestHead): (typeof families)[number] | undefined {
  return request.method === "POST" ? wireOf(headerOf(request, "content-type"))?.protocol : undefined;
}

/** Responds to calls of unknown methods in the protocol of the caller. */
export const unknownMethods = (toError: CallServices["toError"]): Protocol => ({
  name: "connect",
  claims: (head) => head.dialect === google && isRpc(head),
  async handle(exchange) {
    sendMethodUnknown(exchange, toError(methodUnknown(), exchange));
  },
});

// REST has JSON, too; Connect clients add another header.
function isRpc({ request }: RequestHead): boolean {
  const contentType = headerOf(request, "content-type");
  const wire = wireOf(contentType);
  if (!wire) return contentType?.startsWith("application/grpc") === true;
  return wire.contentType !== jsonType || headerOf(request, "connect-protocol-version") !== undefined;
}
