import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../services/lib/rpc/errors.ts";

export const streamIdle = (seconds: number): ConnectError =>
  new ConnectError(`no message came or went for ${seconds} s`, Code.DeadlineExceeded);

export const methodUnknown = (): ConnectError =>
  failure(Code.Unimplemented, ErrorReason.METHOD_UNKNOWN, "there is no such method");

export const deadlinePassed = (): ConnectError =>
  failure(Code.DeadlineExceeded, ErrorReason.DEADLINE_PASSED, "the deadline passed");

export const callerCanceled = (): ConnectError => new ConnectError("the caller went away", Code.Canceled);

export const credentialMissing = (
  remedy = "send Authorization: Bearer <access token> or x-api-key",
): ConnectError =>
  failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_MISSING, `a credential is required: ${remedy}`);

export const credentialInvalid = (message: string, metadata: Record<string, string> = {}): ConnectError =>
  failure(Code.Unauthenticated, ErrorReason.CREDENTIAL_INVALID, message, metadata);
