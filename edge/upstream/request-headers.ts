import type { OutgoingHttpHeaders } from "node:http2";

/** Headers of a try: those of the call, what is left of its deadline, and how often it was made before. */
export function requestHeaders(
  path: string,
  headers: OutgoingHttpHeaders,
  timeoutMs: number | undefined,
  triesBefore: number,
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
  if (triesBefore > 0) all["grpc-previous-rpc-attempts"] = String(triesBefore);
  return all;
}

/** At most eight digits, in the finest unit that they suffice for. */
const grpcTimeout = (timeoutMs: number): string =>
  timeoutMs < 1e8 ? `${Math.ceil(timeoutMs)}m` : `${Math.min(99_999_999, Math.ceil(timeoutMs / 1000))}S`;
