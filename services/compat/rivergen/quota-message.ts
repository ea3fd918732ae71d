import { exactNumber, gibibytes, mebibytes } from "./exact-number.ts";

/** A limit in three units; nothing without a limit. */
export function limitsOf(limit: bigint | undefined): {
  limitBytes?: number;
  limitMb?: number;
  limitGb?: number;
} {
  if (limit === undefined) return {};
  const limitBytes = exactNumber(limit);
  return { limitBytes, limitMb: mebibytes(limitBytes), limitGb: gibibytes(limitBytes) };
}
