import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";

/** Code, reason, metadata and invalid fields of a failed call, in one value to compare. */
export async function failureOf(call: Promise<unknown>) {
  const error = await call.then(
    () => new Error("the call succeeded"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError)) throw error;
  const info = error.findDetails(ErrorInfoSchema)[0];
  const fields = error.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field);
  return {
    code: Code[error.code],
    ...(info && { reason: info.reason, metadata: info.metadata }),
    ...(fields && { fields }),
  };
}

export const missing = (kind: string, id: string) => ({
  code: "NotFound",
  reason: "RESOURCE_NOT_FOUND",
  metadata: { [kind]: id },
});

export const lacking = (permission: string) => ({
  code: "PermissionDenied",
  reason: "PERMISSION_MISSING",
  metadata: { permission },
});
