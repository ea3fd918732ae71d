import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  createContextValues,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { runUnaryCall } from "@connectrpc/connect/protocol";
import { callUnary } from "./call-unary.ts";
import { policyOf } from "./policy.ts";
import type { Upstream } from "./upstream.ts";

/** A Connect transport to an upstream for the edge's own calls, which are all unary. */
export function transportTo(upstream: Upstream, interceptors: Interceptor[] = []): Transport {
  return {
    unary(method, signal, timeoutMs, header, message, contextValues = createContextValues()) {
      const policy = policyOf(method);
      return runUnaryCall({
        req: {
          stream: false,
          service: method.parent,
          method,
          requestMethod: "POST",
          url: policy.path,
          header: new Headers(header),
          contextValues,
          message,
        },
        interceptors,
        ...(signal && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
        next: async (request) => {
          const { error, message: response } = await callUnary(upstream, {
            policy,
            headers: Object.fromEntries(request.header),
            timeoutMs,
            message: toBinary(method.input, request.message),
          });
          if (error || !response) throw error ?? new ConnectError("no answer", Code.Internal);
          return {
            stream: false,
            service: method.parent,
            method,
            header: new Headers(),
            trailer: new Headers(),
            message: fromBinary(method.output, response),
          };
        },
      });
    },
    stream: () => Promise.reject(new ConnectError("the edge asks no streams for itself", Code.Unimplemented)),
  };
}
