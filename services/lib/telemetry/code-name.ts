import { ConnectError } from "@connectrpc/connect";
import { status } from "@grpc/grpc-js";

/** Name of a google.rpc.Code: `OK` without an error, `UNKNOWN` for errors that are no ConnectError. */
export function codeName(error: unknown): string {
  if (error === undefined) return "OK";
  const { code } = ConnectError.from(error);
  return status[code as number] ?? "UNKNOWN";
}

/** Codes that are the server's fault: OpenTelemetry marks such spans as failed. */
export const serverFaults: ReadonlySet<string> = new Set([
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
]);
