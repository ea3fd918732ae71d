import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";

const detailsKey = "grpc-status-details-bin";
const typeUrlPrefix = "type.googleapis.com/";

// A block of headers of more than 64 KiB ends the connection, and with it every other call on it. The message is in it
// twice: percent-encoded, which trebles it, and in the details, which are in base64.
const messageBytesMax = 4 * 1024;
const statusBytesMax = 24 * 1024;

/**
 * Spells an error as grpc-js sends it, with its details in `grpc-status-details-bin`. What is too long for a header is
 * cut: the message at its end, the details as a whole.
 */
export function toGrpcStatus(error: ConnectError): Pick<StatusObject, "code" | "details" | "metadata"> {
  const metadata = new Metadata();
  const message = shorten(error.rawMessage);
  const encoded = encodeFitting(error, message);
  if (encoded) metadata.set(detailsKey, Buffer.from(encoded));
  return { code: error.code as number, details: message, metadata };
}

/** The error without what headers would not carry: it is then the same whatever protocol takes it on. */
export function cutToHeaders(error: ConnectError): ConnectError {
  const message = shorten(error.rawMessage);
  const details = encodeFitting(error, message) ? error.details : [];
  if (message === error.rawMessage && details.length === error.details.length) return error;
  const cut = new ConnectError(message, error.code);
  cut.details.push(...details);
  return cut;
}

/** The status of an error that has details, unless it is too long. */
function encodeFitting(error: ConnectError, message: string): Uint8Array | undefined {
  const encoded = error.details.length > 0 ? encodeStatus(error, message) : undefined;
  return encoded && encoded.byteLength <= statusBytesMax ? encoded : undefined;
}

/** Also mends halves of characters, as a cut leaves them: grpc-js throws at them. */
function shorten(message: string): string {
  const bytes = new TextEncoder().encode(message);
  if (bytes.byteLength <= messageBytesMax) return message.toWellFormed();
  return `${new TextDecoder().decode(bytes.subarray(0, messageBytesMax), { stream: true })}…`;
}

/** Reads an error of grpc-js; the headers and trailers of the peer stay behind. */
export function fromGrpcStatus(error: Pick<ServiceError, "code" | "details" | "metadata">): ConnectError {
  const encoded = error.metadata?.get(detailsKey)[0];
  const read = new ConnectError(error.details, error.code as number as Code);
  if (encoded instanceof Buffer) read.details.push(...decodeDetails(encoded));
  return read;
}

/** Whether grpc-js met the failure itself; a peer of ours always sends details with Unavailable. */
export function isLocalFailure(error: Pick<ServiceError, "code" | "metadata">): boolean {
  return (error.code as number) === Code.Unavailable && !error.metadata?.get(detailsKey).length;
}

/** A google.rpc.Status of the error, encoded. */
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
