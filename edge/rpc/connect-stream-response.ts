import { endStreamFlag, errorToJson } from "@connectrpc/connect/protocol-connect";
import { wrap } from "../codec/envelope.ts";
import type { Exchange } from "../http/exchange.ts";
import { envelopeResponse } from "./envelope-response.ts";
import type { RpcResponse } from "./rpc-response.ts";
import type { Wire } from "./wire.ts";

/** The last envelope of a Connect stream has the trailers and the error. */
export const connectStreamResponse = (exchange: Exchange, wire: Wire): RpcResponse =>
  envelopeResponse(exchange, wire, "connect", (response, error, trailers) => {
    const last = {
      ...(error && { error: errorToJson(error, undefined) }),
      ...(Object.keys(trailers).length > 0 && { metadata: trailers }),
    };
    response.end(wrap(endStreamFlag, Buffer.from(JSON.stringify(last))));
  });
