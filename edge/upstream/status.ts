import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { fromPeerStatus } from "../../services/lib/mesh/grpc-transport.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { type RawHeaders, toHeaders, valueIn } from "../http2-client/raw-headers.ts";

/** Largest message that is accepted from an upstream, in bytes. */
export const receiveBytesMax = 16 * 1024 * 1024;

export const statusName = "grpc-status";
export const pushbackName = "grpc-retry-pushback-ms";

/** Result of a call. No error means OK. */
export type CallResult = {
  readonly error: ConnectError | undefined;
  readonly trailers: RawHeaders;
};

/** Response to a call with one request. */
export type UnaryResponse = CallResult & {
  readonly headers: RawHeaders | undefined;
  readonly message: Buffer | undefined;
};

/** The error in gRPC's trailers; undefined for OK. A code that gRPC does not define becomes UNKNOWN. */
export function errorOf(trailers: RawHeaders, peer: string): ConnectError | undefined {
  const code = Number(valueIn(trailers, statusName) || "none");
  if (code === 0) return undefined;
  const details = percentDecode(valueIn(trailers, "grpc-message") ?? "");
  const metadata = Metadata.fromHttp2Headers(toHeaders(trailers));
  const error = fromPeerStatus({ code, details, metadata }, peer);
  if (error.code in Code) return error;
  const known = new ConnectError(error.rawMessage, Code.Unknown);
  known.details.push(...error.details);
  return known;
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const unreachable = (peer: string): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, `${peer} does not answer`, { peer });

/** The upstream has as many concurrent calls as its limits allow. */
export const overloaded = (peer: string): ConnectError =>
  failure(Code.Unavailable, ErrorReason.SERVICE_BUSY, `${peer} has too many calls under way`, { peer });

/** Errors of a call that gets no endpoint. */
export const refusals = { unreachable, overloaded } as const;

export const wrongResponseCount = (messages: number): ConnectError =>
  new ConnectError(`the upstream gave ${messages} answers where one is due`, Code.Unimplemented);

/** The edge accepts no compressed messages from upstreams. */
export const responseCompressed = () =>
  new ConnectError("the upstream's answer is compressed", Code.Internal);

export const responseIncomplete = () => new ConnectError("the upstream's answer is not whole", Code.Internal);

/** Response of a unary call that failed at the edge. */
export const failed = (error: ConnectError): UnaryResponse => ({
  headers: undefined,
  message: undefined,
  error,
  trailers: [],
});
