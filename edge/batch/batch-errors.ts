import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure, invalidField } from "../../services/lib/rpc/errors.ts";

export const batchInBatch = () => invalidField("requests", "a batch can't be a call of a batch");

export const headerNotAllowed = (at: string, name: string, allowed: readonly string[]) =>
  invalidField(`${at}.headers[${JSON.stringify(name)}]`, `is none of ${allowed.join(", ")}`);

export const headerInvalid = (at: string, name: string) =>
  invalidField(`${at}.headers[${JSON.stringify(name)}]`, "has characters that a header can't have");

export const batchLate = () =>
  failure(
    Code.DeadlineExceeded,
    ErrorReason.DEADLINE_PASSED,
    "the deadline of the batch passed before this call was made",
  );

export const batchLeft = () =>
  new ConnectError("the caller went away before this call was answered", Code.Canceled);
