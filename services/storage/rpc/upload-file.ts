import { createHash } from "node:crypto";
import { create, toBinary } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  type FileService,
  type UploadFileHeader,
  UploadFileHeaderSchema,
  type UploadFileResponse,
  UploadFileResponseSchema,
} from "../../../gen/sluice/storage/v1/files_pb.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { hashMismatch, reservationLost } from "../errors.ts";
import type { FileRow } from "../file-repository.ts";
import { toFile } from "../message.ts";
import type { Content } from "../objects/object-store.ts";
import { isUploadRepeated, onceUploaded } from "../request-repository.ts";
import { type ReceivedContent, receiveContent } from "../upload/receive-content.ts";
import { receiveUpload, type Upload } from "../upload/receive-upload.ts";

export const uploadFile =
  (deps: StorageDeps): MethodImpl<typeof FileService.method.uploadFile> =>
  async (requests, context) => {
    const scope = scopeOf(context);
    const upload = await receiveUpload<UploadFileHeader>(requests, deps.limits);
    const { header } = upload;
    if (await isUploadRepeated(deps.db, scope, header.requestId)) return answerAgain(deps, scope, upload);

    const announcedBytes = Number(header.sizeBytes ?? 0);
    await using received = await receiveContent(deps, scope, {
      chunks: upload.chunks,
      announcedBytes,
      signal: context.signal,
    });
    refuseOtherHash(header, received.content);
    // A stream that was reset may look like one that came to its end.
    context.signal.throwIfAborted();
    const response = await commit(deps, scope, header, received);
    received.committed();
    return response;
  };

async function commit(
  { db }: StorageDeps,
  scope: Scope,
  header: UploadFileHeader,
  received: ReceivedContent,
): Promise<UploadFileResponse> {
  const { name, contentType } = header;
  const responseOf = (row: FileRow) => create(UploadFileResponseSchema, { file: toFile(row) });
  if (header.requestId === "") return responseOf(await received.store({ name, contentType }));
  return onceUploaded(db, scope, requestOf(header, received.content.sha256), async (tx) =>
    responseOf(await received.insert(tx, { name, contentType })),
  );
}

/** Answers an upload that was answered before. It takes no quota: that may be used up by what it stored itself. */
async function answerAgain(
  { db }: StorageDeps,
  scope: Scope,
  { header, chunks }: Upload<UploadFileHeader>,
): Promise<UploadFileResponse> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return onceUploaded(db, scope, requestOf(header, hash.digest("hex")), async () => {
    throw reservationLost();
  });
}

function refuseOtherHash({ sha256: announced }: UploadFileHeader, { sha256: received }: Content): void {
  if (announced !== "" && announced !== received) throw hashMismatch(announced, received);
}

function requestOf(header: UploadFileHeader, sha256: string) {
  const hash = createHash("sha256").update(toBinary(UploadFileHeaderSchema, header)).update(sha256);
  return { requestId: header.requestId, requestSha256: hash.digest() };
}
