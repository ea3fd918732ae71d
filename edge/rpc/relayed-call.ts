import type { CallServices } from "../call/call-services.ts";
import { passedResponse } from "../call/passed-metadata.ts";
import type { Exchange } from "../http/exchange.ts";
import type { Plan } from "../method/plan.ts";
import type { UnaryResponse } from "../upstream/status.ts";
import type { ConnectGet } from "./connect-get.ts";
import type { RpcResponse } from "./rpc-response.ts";
import type { Wire } from "./wire.ts";

/** A call that is relayed to its upstream. */
export type RelayedCall = {
  readonly exchange: Exchange;
  readonly plan: Plan;
  readonly wire: Wire;
  readonly get?: ConnectGet;
  readonly response: RpcResponse;
  readonly options: CallServices;
};

/** Sends the upstream's only response to the caller. */
export function sendUnaryResponse(
  relayed: RelayedCall,
  { headers, message, error, trailers }: UnaryResponse,
): void {
  const { exchange, response, options } = relayed;
  if (headers) response.begin(passedResponse(headers));
  if (message && !error) void response.write(transcode(relayed, message));
  response.end(error && options.toError(error, exchange), passedResponse(trailers));
}

/** Converts a response message to the caller's codec. */
export const transcode = ({ wire, plan }: RelayedCall, message: Buffer): Buffer =>
  wire.codec === "json" ? plan.encodeResponse(message) : message;
