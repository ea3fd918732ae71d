import type { DescService } from "@bufbuild/protobuf";

/**
 * Name of the process that serves a contract, from its package: `sluice.storage.v1.FileService` is storage's, and
 * `compat.cdap.v1.FileService` is compat's. Of other packages it is the first word.
 */
export function serviceNameOf({ typeName }: DescService): string {
  return /^(?:sluice\.)?([a-z]+)\./.exec(typeName)?.[1] ?? "unknown";
}
