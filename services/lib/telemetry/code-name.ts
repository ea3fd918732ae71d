import { ConnectError } from "@connectrpc/connect";
import { status } from "@grpc/grpc-js";

/** The name of google.rpc.Code: `OK` without an error. What is no ConnectError is `UNKNOWN`. */
export function codeName(error: unknown): string {
  if (error === undefined) return "OK";
  const { code } = ConnectError.from(error);
  return status[code as number] ?? "UNKNOWN";
}

/** Codes that are the answering side's fault: OpenTelemetry calls such a span failed. */
export const serverFaults: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);
