import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, retryAfter } from "../../services/lib/rpc/errors.ts";
import type { PolicyName } from "./limit.ts";
import { type CheckedLimit, retryAfterSeconds } from "./rate-limit-headers.ts";

const scopes: Readonly<Record<string, string>> = {
  address: "the address",
  user: "the user",
  "api-key": "the API key",
  org: "the organisation",
};

const isOfReads = (name: PolicyName): boolean => name.endsWith("-reads");
const scopeOf = (name: PolicyName): string => scopes[name.replace(/-reads$/, "")] ?? "the caller";

export function limitExceeded({ request, state }: CheckedLimit): ConnectError {
  const { tokens, refillMs, callsMax, name } = request;
  const seconds = retryAfterSeconds(state);
  const windowSeconds = refillMs / 1000;
  const error =
    state.waitMs > 0
      ? failure(
          Code.ResourceExhausted,
          ErrorReason.RATE_LIMIT_EXCEEDED,
          isOfReads(name)
            ? `${scopeOf(name)} has read as many bytes of files as it may: ${tokens} at once, and as many again in ${windowSeconds} s`
            : `${scopeOf(name)} has made as many calls as it may: ${tokens} at once, and as many again in ${windowSeconds} s`,
          { of: name, limit: String(tokens), windowSeconds: String(windowSeconds) },
        )
      : failure(
          Code.ResourceExhausted,
          ErrorReason.CONCURRENCY_LIMIT_EXCEEDED,
          `${scopeOf(name)} has as many ${isOfReads(name) ? "reads of files" : "calls"} on their way as it may: ${callsMax}`,
          { of: name, limit: String(callsMax) },
        );
  return retryAfter(error, seconds * 1000);
}
