import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, retryAfter } from "../../services/lib/errors.ts";
import type { LimitName } from "./limit.ts";
import { type Counted, retryAfterSeconds } from "./rate-limit-headers.ts";

const owners: Readonly<Record<LimitName, string>> = {
  address: "the address",
  user: "the user",
  "api-key": "the API key",
  org: "the organisation",
};

/** A call that one of its limits refused. */
export function limitExceeded({ ask, standing }: Counted): ConnectError {
  const seconds = retryAfterSeconds(standing);
  const { tokens, refillMs, callsMax, name } = ask;
  const error =
    standing.waitMs > 0
      ? failure(
          Code.ResourceExhausted,
          ErrorReason.RATE_LIMIT_EXCEEDED,
          `${owners[name]} has made as many calls as it may: ${tokens} at once, and as many again in ${refillMs / 1000} s`,
          { of: name, limit: String(tokens), windowSeconds: String(refillMs / 1000) },
        )
      : failure(
          Code.ResourceExhausted,
          ErrorReason.CONCURRENCY_LIMIT_EXCEEDED,
          `${owners[name]} has as many calls on their way as it may: ${callsMax}`,
          { of: name, limit: String(callsMax) },
        );
  return retryAfter(error, seconds * 1000);
}
