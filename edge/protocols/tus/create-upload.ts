import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type ConcatenateResumableUploadsResponse,
  type CreateResumableUploadResponse,
  ResumableUploadKind as Kind,
  type ResumableUpload,
  type ResumableUploadSchema,
  ResumableUploadService,
} from "../../../gen/sluice/storage/v1/resumable_uploads_pb.ts";
import { invalidField } from "../../../services/lib/rpc/errors.ts";
import type { CallServices } from "../../call/call-services.ts";
import { parseQuery } from "../../codec/query.ts";
import type { Exchange } from "../../http/exchange.ts";
import { headerOf } from "../../http/http.ts";
import { sendWhole } from "../../http/send.ts";
import { requireBytes, sendBody } from "./append-body.ts";
import { progressHeaders } from "./describe-upload.ts";
import { idInUrl, locationOf } from "./paths.ts";
import { readLength, readMetadata } from "./read-headers.ts";

const { createResumableUpload, concatenateResumableUploads } = ResumableUploadService.method;

type NewUpload = MessageInitShape<typeof ResumableUploadSchema>;

/** POST: creates an upload, and appends the body if there is one. */
export async function createUpload(services: CallServices, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const concat = headerOf(request, "upload-concat");
  const hasBody = isSent(exchange);
  if (hasBody) requireBytes(exchange);
  const upload = concat?.startsWith("final;")
    ? await concatenate(services, exchange, concat)
    : await createEmpty(services, exchange, kindOf(concat));
  const { uploadId = "" } = upload ?? {};
  // Also for an error of the body: the upload exists, and can be continued.
  response.setHeader("location", locationOf(uploadId));
  const isOpen = hasBody && upload?.kind !== Kind.CONCATENATED;
  const appended = isOpen
    ? (await sendBody(services, exchange, { uploadId, offsetBytes: 0n })).upload
    : undefined;
  sendWhole(exchange, 201, progressHeaders(appended ?? upload), "");
}

/** Whether bytes follow the headers. */
function isSent({ request }: Exchange): boolean {
  const length = headerOf(request, "content-length");
  if (length !== undefined) return length !== "0";
  if ("stream" in request) return !request.stream.endAfterHeaders;
  return headerOf(request, "transfer-encoding") !== undefined;
}

function kindOf(concat: string | undefined): Kind {
  if (concat === undefined) return Kind.WHOLE;
  if (concat === "partial") return Kind.PARTIAL;
  throw invalidField("upload-concat", "must be partial, or final; and the URLs of partial uploads");
}

async function createEmpty(
  { forward, deadlines }: CallServices,
  exchange: Exchange,
  kind: Kind,
): Promise<ResumableUpload | undefined> {
  const lengthBytes = readLength(exchange.request);
  const deferred = headerOf(exchange.request, "upload-defer-length");
  if (deferred !== undefined && deferred !== "1") throw invalidField("upload-defer-length", "must be 1");
  if ((lengthBytes === undefined) === (deferred === undefined)) {
    throw invalidField("upload-length", "is required, or else upload-defer-length: 1");
  }
  const upload = { ...describe(exchange), kind, ...(lengthBytes !== undefined && { lengthBytes }) };
  const call = { exchange, method: createResumableUpload, timeoutMs: deadlines.maxMs };
  const message = create(createResumableUpload.input, { upload });
  return ((await forward.unary(call, message)) as CreateResumableUploadResponse).upload;
}

async function concatenate(
  { forward, deadlines }: CallServices,
  exchange: Exchange,
  concatenation: string,
): Promise<ResumableUpload | undefined> {
  if (headerOf(exchange.request, "upload-length") !== undefined) {
    throw invalidField("upload-length", "is that of the partial uploads: leave it out");
  }
  const urls = concatenation
    .slice("final;".length)
    .split(" ")
    .filter((url) => url !== "");
  const call = { exchange, method: concatenateResumableUploads, timeoutMs: deadlines.maxMs };
  const message = create(concatenateResumableUploads.input, {
    uploadIds: urls.map(idInUrl),
    upload: describe(exchange),
    concatenation,
  });
  return ((await forward.unary(call, message)) as ConcatenateResumableUploadsResponse).upload;
}

/** The file that Upload-Metadata describes, by the keys that clients use; the query can name the namespace, too. */
function describe({ request, rawQuery }: Exchange): NewUpload {
  const metadata = readMetadata(request);
  const first = (...keys: string[]) => keys.map((key) => metadata.get(key)).find(Boolean) ?? "";
  return {
    name: first("filename", "name"),
    contentType: first("filetype", "type", "contentType"),
    sha256: first("sha256"),
    namespace: first("namespace") || namespaceIn(rawQuery),
    metadata: headerOf(request, "upload-metadata") ?? "",
  };
}

function namespaceIn(rawQuery: string): string {
  for (const [name, value] of parseQuery(rawQuery)) {
    if (name === "namespace") return value;
    throw invalidField(name, "is not a query parameter of this path");
  }
  return "";
}
