import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { Metadata, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";

const detailsKey = "grpc-status-details-bin";
const typeUrlPrefix = "type.googleapis.com/";

/** Spells an error as grpc-js sends it, with its details in `grpc-status-details-bin`. */
export function toGrpcStatus(error: ConnectError): Pick<StatusObject, "code" | "details" | "metadata"> {
  const metadata = new Metadata();
  if (error.details.length > 0) metadata.set(detailsKey, Buffer.from(encodeStatus(error)));
  return { code: error.code as number, details: error.rawMessage, metadata };
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
function encodeStatus(error: ConnectError): Uint8Array {
  const details = error.details.map((detail) =>
    "desc" in detail
      ? {
          typeUrl: typeUrlPrefix + detail.desc.typeName,
          value: toBinary(detail.desc, create(detail.desc, detail.value)),
        }
      : { typeUrl: typeUrlPrefix + detail.type, value: detail.value },
  );
  return toBinary(
    StatusSchema,
    create(StatusSchema, { code: error.code, message: error.rawMessage, details }),
  );
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
