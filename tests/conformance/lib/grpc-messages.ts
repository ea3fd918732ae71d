import { create, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { Metadata } from "@grpc/grpc-js";
import {
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  type Error as DefinedError,
  type Header,
} from "../../../gen/connectrpc/conformance/v1/service_pb.ts";
import { StatusSchema } from "../../../gen/google/rpc/status_pb.ts";

/** The parts of a grpc-js call that a handler reports. */
type Seen = { readonly metadata: Metadata; getDeadline(): Date | number };

/** Encodes the headers or trailers of a test. */
export function toMetadata(headers: readonly Header[] = []): Metadata {
  const metadata = new Metadata();
  for (const { name, value } of headers) {
    for (const one of value) metadata.add(name, name.endsWith("-bin") ? Buffer.from(one, "base64") : one);
  }
  return metadata;
}

/** The observations that the suite compares: headers, remaining deadline at the start, and requests of a call. */
export function observe(call: Seen): (requests: readonly Any[]) => ConformancePayload_RequestInfo {
  const timeoutMs = Number(call.getDeadline()) - Date.now();
  const requestHeaders = Object.entries(call.metadata.toJSON()).map(([name, values]) => ({
    name,
    value: values.map((value) => (typeof value === "string" ? value : value.toString("base64"))),
  }));
  return (requests) =>
    create(ConformancePayload_RequestInfoSchema, {
      requestHeaders,
      requests: [...requests],
      ...(Number.isFinite(timeoutMs) && { timeoutMs: BigInt(Math.max(0, Math.floor(timeoutMs))) }),
    });
}

/** The status of a test, with its details in gRPC's trailer. */
export function toStatus(error: DefinedError, trailers: Metadata, info?: ConformancePayload_RequestInfo) {
  const { code, message = "" } = error;
  const details = [...error.details, ...(info ? [anyPack(ConformancePayload_RequestInfoSchema, info)] : [])];
  const status = create(StatusSchema, { code, message, details });
  trailers.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, status)));
  return { code: code as number, details: message, metadata: trailers };
}

export const encode = <D extends DescMessage>(desc: D, message: Message): Buffer =>
  Buffer.from(toBinary(desc, message as never));
