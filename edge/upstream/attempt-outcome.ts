import { constants } from "node:http2";
import { Code } from "@connectrpc/connect";
import { type RawHeaders, valueIn } from "../http2-client/raw-headers.ts";
import type { AttemptOutcome } from "./retry.ts";
import { statusName } from "./status.ts";

const unavailable = String(Code.Unavailable);

/** Outcome of an attempt from the HTTP/2 code that closed its stream and its gRPC status, if one came. */
export function attemptOutcome(code: number, status: RawHeaders | undefined): AttemptOutcome {
  if (status) {
    // A service adds details to its own UNAVAILABLE. Without them it comes from a proxy in front of a service that is away.
    const isFromProxy =
      valueIn(status, statusName) === unavailable && valueIn(status, "grpc-status-details-bin") === undefined;
    return isFromProxy ? "broken" : "answered";
  }
  // Streams that a GOAWAY leaves out are refused as well.
  return code === constants.NGHTTP2_REFUSED_STREAM ? "refused" : "broken";
}
