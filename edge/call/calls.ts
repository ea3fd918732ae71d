import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { sharedFolderHeader } from "../../services/lib/content/shared-folder.ts";
import { callingProcessHeader, processId } from "../../services/lib/mesh/passed-messages.ts";
import type { Signer } from "../../services/lib/rpc/principal.ts";
import type { Exchange } from "../http/exchange.ts";
import { callUnary } from "../upstream/call-unary.ts";
import { openStream, type StreamCall, type StreamListener } from "../upstream/open-stream.ts";
import { policyOf } from "../upstream/policy.ts";
import { failed, type UnaryResponse } from "../upstream/status.ts";
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
  /** Whether a service in this process may leave its responses in memory, where they are not copied. */
  readonly takesMessages?: boolean;
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
  const prepare = async ({
    exchange,
    method,
    timeoutMs,
    sharedFolderId,
    takesMessages = false,
  }: ForwardedCall) => {
    const headers = await callMetadata(exchange, options);
    if (exchange.revokedBy) throw exchange.revokedBy;
    if (sharedFolderId !== undefined) headers[sharedFolderHeader] = sharedFolderId;
    if (takesMessages) headers[callingProcessHeader] = processId;
    return { policy: policyOf(method), headers, timeoutMs };
  };
  return {
    async open(call, listener) {
      const prepared = await prepare(call);
      const revocation = watchRevocation(call.exchange);
      const stream = openStream(options.upstreamOf(call.method), {
        ...prepared,
        listener: {
          headers: (raw) => listener.headers(raw),
          message: (bytes) => listener.message(bytes),
          finished: (error, trailers) => listener.finished(revocation.end() ?? error, trailers),
        },
      });
      revocation.begin(stream.cancel);
      return stream;
    },
    async exchangeOne(call, message) {
      const { exchange, method } = call;
      const prepared = await prepare(call);
      const revocation = watchRevocation(exchange);
      const onClosed = (cancel: () => void) => {
        exchange.onClosed(cancel);
        revocation.begin(cancel);
      };
      const response = await callUnary(options.upstreamOf(method), { ...prepared, message, onClosed });
      const revokedBy = revocation.end();
      return revokedBy ? failed(revokedBy) : response;
    },
  };
}

/** Cancels an upstream call when its exchange is revoked. `end` returns the error that it was revoked with, if it was. */
function watchRevocation(exchange: Exchange) {
  let revokedBy: ConnectError | undefined;
  let isOver = false;
  let unwatch: (() => void) | undefined;
  return {
    begin(cancel: () => void): void {
      if (isOver) return;
      unwatch = exchange.onRevoked((error) => {
        revokedBy = error;
        cancel();
      });
    },
    end(): ConnectError | undefined {
      isOver = true;
      unwatch?.();
      return revokedBy;
    },
  };
}
