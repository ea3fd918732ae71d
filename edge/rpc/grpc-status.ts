import type { ConnectError } from "@connectrpc/connect";
import { toGrpcStatus } from "../../services/lib/mesh/grpc-status.ts";

/** What gRPC and gRPC-Web say at the end of a call. */
export function grpcStatusOf(error: ConnectError | undefined): Record<string, string> {
  if (!error) return { "grpc-status": "0" };
  const { code, details, metadata } = toGrpcStatus(error);
  const [encoded] = metadata?.get("grpc-status-details-bin") ?? [];
  return {
    "grpc-status": String(code),
    "grpc-message": percentEncode(details),
    ...(encoded instanceof Buffer && {
      "grpc-status-details-bin": encoded.toString("base64").replace(/=+$/, ""),
    }),
  };
}

/** Only what can't stand in a header is encoded, and the sign itself: not every client decodes more. */
function percentEncode(text: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
