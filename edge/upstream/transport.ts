import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { callUnary } from "./call-unary.ts";
import { policyOf } from "./policy.ts";
import type { Upstream } from "./upstream.ts";

/** A Connect transport to an upstream, for what the edge itself asks of it: calls with one request and one answer. */
export function transportTo(upstream: Upstream): Transport {
  return {
    async unary(method, _signal, timeoutMs, header, input) {
      const { error, message } = await callUnary(upstream, {
        policy: policyOf(method),
        headers: Object.fromEntries(new Headers(header)),
        timeoutMs,
        message: toBinary(method.input, create(method.input, input)),
      });
      if (error || !message) throw error ?? new ConnectError("no answer", Code.Internal);
      return {
        stream: false,
        service: method.parent,
        method,
        header: new Headers(),
        trailer: new Headers(),
        message: fromBinary(method.output, message),
      };
    },
    stream: () => Promise.reject(new ConnectError("the edge asks no streams for itself", Code.Unimplemented)),
  };
}
