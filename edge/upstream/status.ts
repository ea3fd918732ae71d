import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata } from "@grpc/grpc-js";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import { fromPeerStatus } from "../../services/lib/mesh/grpc-transport.ts";
import { failure } from "../../services/lib/rpc/errors.ts";
import { type RawHeaders, toHeaders, valueIn } from "../http2-client/raw-headers.ts";

/** All that came back of a call with one answer. */
export type OneAnswer = {
  readonly headers: RawHeaders | undefined;
  readonly message: Buffer | undefined;
  readonly error: ConnectError | undefined;
  readonly trailers: RawHeaders;
};

/** The error that gRPC's trailers tell; none if the call was well. A code that gRPC does not have is Unknown. */
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

export const statusName = "grpc-status";

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a call fails with whose upstream can't be reached. */
export const unreachable = (peer: string): ConnectError =>
  failure(Code.Unavailable, ErrorReason.UPSTREAM_UNAVAILABLE, `${peer} does not answer`, { peer });

/** What a call fails with whose upstream has as many calls as the edge lets it have. */
export const overloaded = (peer: string): ConnectError =>
  failure(Code.Unavailable, ErrorReason.SERVICE_BUSY, `${peer} has too many calls under way`, { peer });

/** What a call fails with that gets no address. */
export const refusals = { unreachable, overloaded } as const;

export const answersNotOne = (messages: number): ConnectError =>
  new ConnectError(`the upstream gave ${messages} answers where one is due`, Code.Unimplemented);

/** Nothing asks an upstream for compression. */
export const answerCompressed = () => new ConnectError("the upstream's answer is compressed", Code.Internal);

export const answerIncomplete = () => new ConnectError("the upstream's answer is not whole", Code.Internal);

/** An answer that is nothing but an error of the edge's own. */
export const failed = (error: ConnectError): OneAnswer => ({
  headers: undefined,
  message: undefined,
  error,
  trailers: [],
});
