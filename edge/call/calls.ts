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

/** A call to forward. */
export type ForwardedCall = {
  readonly exchange: Exchange;
  readonly method: DescMethod;
  /** Time until the deadline, if there is one. */
  readonly timeoutMs: number | undefined;
  /** Id of the storage folder that the edge can read itself. */
  readonly sharedFolderId?: string | undefined;
};

/** Calls with encoded messages. */
export type Calls = {
  /** Starts a streaming call. */
  open(call: ForwardedCall, listener: StreamListener): Promise<StreamCall>;
  /** Makes a unary call. Errors of the upstream are in the response. */
  exchangeOne(call: ForwardedCall, message: Uint8Array): Promise<UnaryResponse>;
};

export function createCalls(options: {
  upstreamOf: (method: DescMethod) => Upstream;
  signer: Signer;
  /** The only request headers that are forwarded. */
  passedHeaders: readonly string[];
}): Calls {
  const prepare = async ({ exchange, method, timeoutMs, sharedFolderId }: ForwardedCall) => {
    const headers = await callMetadata(exchange, options);
    if (sharedFolderId !== undefined) headers[sharedFolderHeader] = sharedFolderId;
    return { policy: policyOf(method), headers, timeoutMs };
  };
  return {
    async open(call, listener) {
      return openStream(options.upstreamOf(call.method), { ...(await prepare(call)), listener });
    },
    async exchangeOne(call, message) {
      const { onClosed } = call.exchange;
      return callUnary(options.upstreamOf(call.method), { ...(await prepare(call)), message, onClosed });
    },
  };
}
