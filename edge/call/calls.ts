import type { DescMethod } from "@bufbuild/protobuf";
import { sharedFolderHeader } from "../../services/lib/content/shared-folder.ts";
import type { Signer } from "../../services/lib/rpc/principal.ts";
import type { Exchange } from "../http/exchange.ts";
import { callUnary } from "../upstream/call-unary.ts";
import { openStream, type StreamCall, type StreamListener } from "../upstream/open-stream.ts";
import { policyOf } from "../upstream/policy.ts";
import type { UnaryResponse } from "../upstream/status.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { callMetadata } from "./call-metadata.ts";

/** A request's way on. */
export type ForwardedCall = {
  readonly exchange: Exchange;
  readonly method: DescMethod;
  /** What is left of the deadline; undefined without one. */
  readonly timeoutMs: number | undefined;
  /** The folder whose files the edge reads by itself. */
  readonly sharedFolderId?: string | undefined;
};

/** Calls of upstreams, of encoded messages. */
export type Calls = {
  /** Begins a call of many messages. */
  open(call: ForwardedCall, listener: StreamListener): Promise<StreamCall>;
  /** One request, one answer. Does not throw what the upstream answers. */
  exchangeOne(call: ForwardedCall, message: Uint8Array): Promise<UnaryResponse>;
};

export function createCalls(options: {
  upstreamOf: (method: DescMethod) => Upstream;
  signer: Signer;
  /** Headers of requests that go on; no other does. */
  passedHeaders: readonly string[];
}): Calls {
  const begin = async ({ exchange, method, timeoutMs, sharedFolderId }: ForwardedCall) => {
    const headers = await callMetadata(exchange, options);
    if (sharedFolderId !== undefined) headers[sharedFolderHeader] = sharedFolderId;
    return { policy: policyOf(method), headers, timeoutMs };
  };
  return {
    async open(call, listener) {
      return openStream(options.upstreamOf(call.method), { ...(await begin(call)), listener });
    },
    async exchangeOne(call, message) {
      const { onClosed } = call.exchange;
      return callUnary(options.upstreamOf(call.method), { ...(await begin(call)), message, onClosed });
    },
  };
}
