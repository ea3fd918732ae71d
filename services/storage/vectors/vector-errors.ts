import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { failure, notFound, withField } from "../../lib/rpc/errors.ts";

export const collectionNotFound = (collectionId: string): ConnectError =>
  notFound("collection", collectionId);

export const collectionExists = (name: string): ConnectError =>
  failure(Code.AlreadyExists, ErrorReason.RESOURCE_EXISTS, "the namespace has a collection of this name", {
    name,
  });

/** `field` is the path in the request, such as `vectors[3].values[7]`. */
export function vectorInvalid(
  field: string,
  description: string,
  metadata: Record<string, string> = {},
): ConnectError {
  const text = `${field}: ${description}`;
  return withField(
    failure(Code.InvalidArgument, ErrorReason.VECTOR_INVALID, text, metadata),
    field,
    description,
  );
}

export const vectorLimitExceeded = (
  what: "collections" | "vectors" | "stream",
  limit: number,
): ConnectError => {
  const places = {
    collections: `the organisation has ${limit} collections, the most it may have`,
    vectors: `the collection would have more than ${limit} vectors`,
    stream: `the stream has more than ${limit} vectors`,
  };
  return failure(Code.ResourceExhausted, ErrorReason.VECTOR_LIMIT_EXCEEDED, places[what], {
    limit: String(limit),
  });
};

export const snapshotInvalid = (line: number, problem: string): ConnectError =>
  failure(Code.InvalidArgument, ErrorReason.VECTOR_SNAPSHOT_INVALID, `line ${line} of the file: ${problem}`, {
    line: String(line),
  });

export const searchBusy = (): ConnectError =>
  failure(Code.Unavailable, ErrorReason.SERVICE_BUSY, "too many searches wait: try again");

export const vectorsIdle = (idleMs: number): ConnectError =>
  new ConnectError(`the stream sent nothing for ${idleMs / 1000} s`, Code.DeadlineExceeded);
