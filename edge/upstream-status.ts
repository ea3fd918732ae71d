import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { fromPeerStatus } from "../services/lib/grpc-transport.ts";

/** The error that a gRPC status stands for; none if the call was well. A code that gRPC does not have is Unknown. */
export function errorOf(status: StatusObject, peer: string): ConnectError | undefined {
  if ((status.code as number) === 0) return undefined;
  const error = fromPeerStatus(status, peer);
  if (error.code in Code) return error;
  const known = new ConnectError(error.rawMessage, Code.Unknown);
  known.details.push(...error.details);
  return known;
}

/** What a call fails with whose upstream can't be reached. */
export function unreachable(peer: string): ConnectError {
  return fromPeerStatus({ code: Code.Unavailable as number, details: "", metadata: new Metadata() }, peer);
}

/** All that came back of a call with one answer. */
export type OneAnswer = {
  readonly headers: Metadata | undefined;
  readonly message: Buffer | undefined;
  readonly error: ConnectError | undefined;
  readonly trailers: Metadata;
};

export const answersNotOne = (messages: number): ConnectError =>
  new ConnectError(`the upstream gave ${messages} answers where one is due`, Code.Unimplemented);
