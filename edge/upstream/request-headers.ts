import type { OutgoingHttpHeaders } from "node:http2";

/** Headers of an attempt: those of the call, the time until its deadline, and the number of attempts before. */
export function requestHeaders(
  path: string,
  headers: OutgoingHttpHeaders,
  timeoutMs: number | undefined,
  attemptsBefore: number,
): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = {
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc+proto",
    te: "trailers",
    "user-agent": "sluice-edge",
    ...headers,
  };
  if (timeoutMs !== undefined) all["grpc-timeout"] = grpcTimeout(timeoutMs);
  if (attemptsBefore > 0) all["grpc-previous-rpc-attempts"] = String(attemptsBefore);
  return all;
}

/** gRPC allows eight digits. Milliseconds if they fit, seconds otherwise. */
const grpcTimeout = (timeoutMs: number): string =>
  timeoutMs < 1e8 ? `${Math.ceil(timeoutMs)}m` : `${Math.min(99_999_999, Math.ceil(timeoutMs / 1000))}S`;
