import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";

const detailsKey = "grpc-status-details-bin";
const typeUrlPrefix = "type.googleapis.com/";

// A header block over 64 KiB closes the connection with all of its calls. The block has the message twice: percent-encoded,
// at three bytes for each, and in the details in base64.
const messageBytesMax = 4 * 1024;
const statusBytesMax = 24 * 1024;

/**
 * Converts an error to a grpc-js status, with its details in `grpc-status-details-bin`. A message that is too long for a
 * header is truncated; details that are too long are dropped.
 */
export function toGrpcStatus(error: ConnectError): Pick<StatusObject, "code" | "details" | "metadata"> {
  const metadata = new Metadata();
  const message = shorten(error.rawMessage);
  const encoded = encodeFitting(error, message);
  if (encoded) metadata.set(detailsKey, Buffer.from(encoded));
  return { code: error.code as number, details: message, metadata };
}

/** Applies the limits of gRPC's headers to an error, so that it is the same in every protocol. */
export function cutToHeaders(error: ConnectError): ConnectError {
  const message = shorten(error.rawMessage);
  const details = encodeFitting(error, message) ? error.details : [];
  if (message === error.rawMessage && details.length === error.details.length) return error;
  const cut = new ConnectError(message, error.code);
  cut.details.push(...details);
  return cut;
}

/** The encoded status; undefined if the error has no details or they are too long. */
function encodeFitting(error: ConnectError, message: string): Uint8Array | undefined {
  const encoded = error.details.length > 0 ? encodeStatus(error, message) : undefined;
  return encoded && encoded.byteLength <= statusBytesMax ? encoded : undefined;
}

/** Also replaces lone surrogates, for which grpc-js throws. */
function shorten(message: string): string {
  const bytes = new TextEncoder().encode(message);
  if (bytes.byteLength <= messageBytesMax) return message.toWellFormed();
  return `${new TextDecoder().decode(bytes.subarray(0, messageBytesMax), { stream: true })}…`;
}

/** Converts an error of grpc-js. The peer's other metadata is not copied. */
export function fromGrpcStatus(error: Pick<ServiceError, "code" | "details" | "metadata">): ConnectError {
  const encoded = error.metadata?.get(detailsKey)[0];
  const converted = new ConnectError(error.details, error.code as number as Code);
  if (encoded instanceof Buffer) converted.details.push(...decodeDetails(encoded));
  return converted;
}

/** Whether the status comes from grpc-js itself: our services always send details with UNAVAILABLE. */
export function isLocalFailure(error: Pick<ServiceError, "code" | "metadata">): boolean {
  return (error.code as number) === Code.Unavailable && !error.metadata?.get(detailsKey).length;
}

/** Whether grpc-js could not read an answer because of its length, such as that of a page that is no gRPC. */
export function isUnreadable({ code, details }: Pick<ServiceError, "code" | "details">): boolean {
  return (
    (code as number) === Code.ResourceExhausted && details.startsWith("Received message larger than max")
  );
}

function encodeStatus(error: ConnectError, message: string): Uint8Array {
  const details = error.details.map((detail) =>
    "desc" in detail
      ? {
          typeUrl: typeUrlPrefix + detail.desc.typeName,
          value: toBinary(detail.desc, create(detail.desc, detail.value)),
        }
      : { typeUrl: typeUrlPrefix + detail.type, value: detail.value },
  );
  return toBinary(StatusSchema, create(StatusSchema, { code: error.code, message, details }));
}

function decodeDetails(encoded: Uint8Array) {
  try {
    return fromBinary(StatusSchema, encoded).details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  } catch {
    return [];
  }
}
