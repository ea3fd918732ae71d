import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure } from "../../lib/rpc/errors.ts";
import { type Amount, freeOf, type Usage } from "./amount.ts";

/** `requested` is the known total of the upload or release. */
export function quotaExceeded(usage: Usage, requested: Amount): ConnectError {
  const isOfFiles = usage.limitBytes === null || requested.bytes <= freeOf(usage).bytes;
  const [limit, used, reserved, needed, unit] = isOfFiles
    ? [usage.limitFiles, usage.fileCount, usage.reservedFiles, requested.files, "files"]
    : [usage.limitBytes, usage.usedBytes, usage.reservedBytes, requested.bytes, "bytes"];
  const where = usage.namespace === null ? "" : ` of the namespace ${usage.namespace}`;
  return failure(
    Code.ResourceExhausted,
    ErrorReason.QUOTA_EXCEEDED,
    `${needed} ${unit} or more are needed; of the quota of ${limit} ${unit}${where}, ` +
      `${used} are used and ${reserved} reserved by running uploads`,
    {
      ...(usage.namespace !== null && { namespace: usage.namespace }),
      [`limit_${unit}`]: String(limit),
      [`used_${unit}`]: String(used),
      [`reserved_${unit}`]: String(reserved),
      [`requested_${unit}`]: String(needed),
    },
  );
}
