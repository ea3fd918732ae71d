import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, retryAfter } from "../../services/lib/rpc/errors.ts";
import type { AskName } from "./limit.ts";
import { type Counted, retryAfterSeconds } from "./rate-limit-headers.ts";

const owners: Readonly<Record<string, string>> = {
  address: "the address",
  user: "the user",
  "api-key": "the API key",
  org: "the organisation",
};

const isOfReads = (name: AskName): boolean => name.endsWith("-reads");
const ownerOf = (name: AskName): string => owners[name.replace(/-reads$/, "")] ?? "the caller";

/** A call that one of its limits refused. */
export function limitExceeded({ ask, standing }: Counted): ConnectError {
  const { tokens, refillMs, callsMax, name } = ask;
  const seconds = retryAfterSeconds(standing);
  const windowSeconds = refillMs / 1000;
  const error =
    standing.waitMs > 0
      ? failure(
          Code.ResourceExhausted,
          ErrorReason.RATE_LIMIT_EXCEEDED,
          isOfReads(name)
            ? `${ownerOf(name)} has read as many bytes of files as it may: ${tokens} at once, and as many again in ${windowSeconds} s`
            : `${ownerOf(name)} has made as many calls as it may: ${tokens} at once, and as many again in ${windowSeconds} s`,
          { of: name, limit: String(tokens), windowSeconds: String(windowSeconds) },
        )
      : failure(
          Code.ResourceExhausted,
          ErrorReason.CONCURRENCY_LIMIT_EXCEEDED,
          `${ownerOf(name)} has as many ${isOfReads(name) ? "reads of files" : "calls"} on their way as it may: ${callsMax}`,
          { of: name, limit: String(callsMax) },
        );
  return retryAfter(error, seconds * 1000);
}
