import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema } from "../../../gen/google/rpc/error_details_pb.ts";
import {
  type AppendResumableUploadHeaderSchema,
  type AppendResumableUploadRequest,
  AppendResumableUploadRequestSchema,
  type AppendResumableUploadResponse,
  ResumableUploadService,
} from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { invalidField } from "../../../services/lib/rpc/errors.ts";
import type { CallServices } from "../../call/call-services.ts";
import { mediaTypeUnsupported } from "../../errors/http-error.ts";
import { boundsOf } from "../../http/bounds.ts";
import type { Exchange } from "../../http/exchange.ts";
import { headerOf, mediaTypeOf } from "../../http/http.ts";
import { type Incoming, readChunks } from "../../http/read-chunks.ts";
import { sendWhole } from "../../http/send.ts";
import { coalesce } from "../../rest/coalesce.ts";
import { progressHeaders } from "./describe-upload.ts";
import { bytesType, readBytes, readChecksum, readLength } from "./read-headers.ts";

const method = ResumableUploadService.method.appendResumableUpload;

type Header = MessageInitShape<typeof AppendResumableUploadHeaderSchema>;

/** PATCH: appends the body at Upload-Offset. */
export async function appendBody(
  services: CallServices,
  exchange: Exchange,
  uploadId: string,
): Promise<void> {
  const { request } = exchange;
  requireBytes(exchange);
  const offsetBytes = readBytes(request, "upload-offset");
  if (offsetBytes === undefined) throw invalidField("upload-offset", "is required");
  const lengthBytes = readLength(request);
  const response = await sendBody(services, exchange, {
    uploadId,
    offsetBytes,
    ...(lengthBytes !== undefined && { lengthBytes }),
  });
  sendWhole(exchange, 204, progressHeaders(response.upload), "");
}

/** Throws 415 for a body that is not bytes of an upload as they are. */
export function requireBytes({ request }: Exchange): void {
  if (mediaTypeOf(request) !== bytesType) throw mediaTypeUnsupported(bytesType);
  const coding = headerOf(request, "content-encoding") ?? "identity";
  if (coding !== "identity") throw mediaTypeUnsupported(`${bytesType} without a content coding`);
}

/** Appends the body. The bytes of a body that ends early stay. */
export async function sendBody(
  { forward, limits }: CallServices,
  exchange: Exchange,
  position: Header,
): Promise<AppendResumableUploadResponse> {
  const { request } = exchange;
  const sizeBytes = readBytes(request, "content-length");
  const header = {
    ...position,
    ...readChecksum(request),
    ...(sizeBytes !== undefined && { sizeBytes }),
  };
  const { streamBytesMax } = boundsOf(method);
  const messages = appendMessages(header, { request, pauseMs: limits.pauseMs, streamBytesMax });
  try {
    const call = { exchange, method, timeoutMs: undefined };
    return (await forward.collect(call, messages)) as AppendResumableUploadResponse;
  } catch (error) {
    throw asForbidden(error);
  }
}

async function* appendMessages(
  header: Header,
  incoming: Incoming,
): AsyncGenerator<AppendResumableUploadRequest> {
  yield create(AppendResumableUploadRequestSchema, { part: { case: "header", value: header } });
  for await (const value of coalesce(readChunks(incoming))) {
    yield create(AppendResumableUploadRequestSchema, { part: { case: "chunk", value } });
  }
}

/** tus wants 403 for a PATCH on an upload that is made of others. */
function asForbidden(error: unknown): unknown {
  const isConcatenated =
    error instanceof ConnectError &&
    error.findDetails(ErrorInfoSchema).some(({ metadata }) => metadata.state === "concatenated");
  return isConcatenated ? Object.assign(error, { http: { status: 403, headers: {} } }) : error;
}
