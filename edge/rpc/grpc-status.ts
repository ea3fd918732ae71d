import type { ConnectError } from "@connectrpc/connect";
import { toGrpcStatus } from "../../services/lib/mesh/grpc-status.ts";

/** Trailers with the status of a gRPC or gRPC-Web call. */
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

/** Encodes only `%` and characters that are invalid in a header: some clients decode nothing else. */
function percentEncode(text: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(text)) return text;
  let encoded = "";
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
