import type { DescService } from "@bufbuild/protobuf";

/**
 * Whose a service is, by its package: `sluice.storage.v1.FileService` is storage's. Of other packages, the first word.
 */
export function serviceNameOf({ typeName }: DescService): string {
  return /^(?:sluice\.)?([a-z]+)\./.exec(typeName)?.[1] ?? "unknown";
}
