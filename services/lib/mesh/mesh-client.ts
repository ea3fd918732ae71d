import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient, type Interceptor } from "@connectrpc/connect";
import { clientAddressHeader, currentCall } from "../rpc/call.ts";
import { assertionHeader, type Signer } from "../rpc/principal.ts";
import { observeClient, traceEntries } from "../telemetry/observe-client.ts";
import { createGrpcTransport } from "./grpc-transport.ts";
import type { MeshTls } from "./mesh-tls.ts";

export type MeshClient<S extends DescService> = Client<S> & Disposable;

/**
 * A client of another service. A call from within a handler carries the principal, the deadline and the cancellation of the
 * handler's own call.
 */
export function createMeshClient<S extends DescService>(
  service: S,
  options: { peer: string; address: string; signer: Signer; tls: MeshTls | undefined },
): MeshClient<S> {
  const { peer, signer } = options;
  const transport = createGrpcTransport({
    ...options,
    services: [service],
    interceptors: [propagateCall(signer), observeClient(signer.process, peer)],
  });
  const bounded: typeof transport = {
    ...transport,
    unary: (method, signal, timeoutMs, ...rest) =>
      transport.unary(method, withCurrentSignal(signal), boundTimeoutMs(timeoutMs), ...rest),
    stream: (method, signal, timeoutMs, ...rest) =>
      transport.stream(method, withCurrentSignal(signal), boundTimeoutMs(timeoutMs), ...rest),
  };
  return Object.assign(createClient(service, bounded), {
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  });
}

function propagateCall(signer: Signer): Interceptor {
  return (next) => async (request) => {
    const call = currentCall();
    request.header.set(assertionHeader, await signer.assertionFor(call?.principal));
    if (call?.requestId) request.header.set("x-request-id", call.requestId);
    if (call?.clientAddress) request.header.set(clientAddressHeader, call.clientAddress);
    if (call) for (const [name, value] of traceEntries(call)) request.header.set(name, value);
    return next(request);
  };
}

function withCurrentSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
  const outer = currentCall()?.signal;
  return outer && signal ? AbortSignal.any([outer, signal]) : (outer ?? signal);
}

function boundTimeoutMs(timeoutMs: number | undefined): number | undefined {
  const deadlineMs = currentCall()?.deadlineMs;
  if (deadlineMs === undefined) return timeoutMs;
  const leftMs = Math.max(0, deadlineMs - Date.now());
  return timeoutMs === undefined ? leftMs : Math.min(timeoutMs, leftMs);
}
