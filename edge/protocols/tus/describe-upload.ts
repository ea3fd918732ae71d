import { create } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type GetResumableUploadResponse,
  ResumableUploadKind as Kind,
  type ResumableUpload,
  ResumableUploadService,
} from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import type { CallServices } from "../../call/call-services.ts";
import type { Exchange } from "../../http/exchange.ts";
import type { Headers } from "../../http/http.ts";
import { sendWhole } from "../../http/send.ts";

const { getResumableUpload, deleteResumableUpload } = ResumableUploadService.method;

/** HEAD: how far the upload is. */
export async function describeUpload(
  { forward, deadlines }: CallServices,
  exchange: Exchange,
  uploadId: string,
): Promise<void> {
  // The call creates a file whose bytes are complete, which takes as long as copying them.
  const call = { exchange, method: getResumableUpload, timeoutMs: deadlines.maxMs };
  const message = create(getResumableUpload.input, { uploadId });
  const { upload } = (await forward.unary(call, message)) as GetResumableUploadResponse;
  const headers = { "cache-control": "no-store", ...progressHeaders(upload), ...describingHeaders(upload) };
  sendWhole(exchange, 200, headers, "");
}

/** DELETE: removes the upload. */
export async function deleteUpload(
  { forward, deadlines }: CallServices,
  exchange: Exchange,
  uploadId: string,
): Promise<void> {
  const call = { exchange, method: deleteResumableUpload, timeoutMs: deadlines.maxMs };
  await forward.unary(call, create(deleteResumableUpload.input, { uploadId }));
  sendWhole(exchange, 204, {}, "");
}

/** How far an upload is, and until when it can go on; or the file that it has become. */
export function progressHeaders(upload: ResumableUpload | undefined): Headers {
  if (!upload) return {};
  const { offsetBytes, isFinished, expireTime, kind, uploadId } = upload;
  return {
    "upload-offset": String(offsetBytes),
    ...(!isFinished && expireTime && { "upload-expires": timestampDate(expireTime).toUTCString() }),
    ...(isFinished && kind !== Kind.PARTIAL && { "sluice-file-id": uploadId }),
  };
}

function describingHeaders(upload: ResumableUpload | undefined): Headers {
  if (!upload) return {};
  const { lengthBytes, metadata, concatenation, kind } = upload;
  return {
    ...(lengthBytes === undefined
      ? { "upload-defer-length": "1" }
      : { "upload-length": String(lengthBytes) }),
    ...(metadata !== "" && { "upload-metadata": metadata }),
    ...(kind === Kind.PARTIAL && { "upload-concat": "partial" }),
    ...(concatenation !== "" && { "upload-concat": concatenation }),
  };
}
