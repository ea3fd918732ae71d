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
import { type Scope, scopeOf } from "../../lib/guard.ts";
import { newId } from "../../lib/ids.ts";
import { touchBlob } from "../blob-repository.ts";
import type { Content, TemporaryBlob } from "../blobs/blob-store.ts";
import type { StorageDeps } from "../deps.ts";
import { hashMismatch, reservationLost } from "../errors.ts";
import { insertFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import { toFile } from "../message.ts";
import { updateUsage } from "../quota-repository.ts";
import { isUploadRepeated, onceUploaded } from "../request-repository.ts";
import { receiveUpload, type Upload } from "../upload/receive-upload.ts";
import type { Reservation } from "../upload/reservations.ts";

export const uploadFile =
  (deps: StorageDeps): MethodImpl<typeof FileService.method.uploadFile> =>
  async (requests, context) => {
    const scope = scopeOf(context);
    const upload = await receiveUpload(requests, deps.limits);
    const { header } = upload;
    if (await isUploadRepeated(deps.db, scope, header.requestId)) return answerAgain(deps, scope, upload);

    const announcedBytes = Number(header.sizeBytes ?? 0);
    await using reservation = await deps.reservations.hold(scope, announcedBytes);
    await using temporary = await deps.blobs.createTemporary(reservation.id, announcedBytes);
    let receivedBytes = 0;
    for await (const piece of upload.pieces) {
      receivedBytes += piece.length;
      await reservation.cover(receivedBytes);
      await temporary.write(piece);
    }
    const content = await temporary.finish();
    refuseOtherHash(header, content);
    // A stream that was reset may look like one that came to its end.
    context.signal.throwIfAborted();
    return await commit(deps, scope, { header, content, reservation, temporary });
  };

/** The transaction is what makes the file exist: before it has committed, everything else can be lost. */
async function commit(
  { db, content: verified }: StorageDeps,
  scope: Scope,
  received: {
    header: UploadFileHeader;
    content: Content;
    reservation: Reservation;
    temporary: TemporaryBlob;
  },
): Promise<UploadFileResponse> {
  const { header, content, reservation, temporary } = received;
  const { sha256, sizeBytes } = content;
  let stored = false;
  const response = await onceUploaded(db, scope, requestOf(header, sha256), async (tx) => {
    const reservedBytes = await reservation.take(tx);
    // Locks the content against its removal until the file's row says that it is used.
    await touchBlob(tx, sha256);
    const fingerprint = await temporary.publish((existing) =>
      verified.isVerified(sha256, existing.fingerprint),
    );
    verified.setVerified(sha256, fingerprint);
    const { name, contentType } = header;
    const row = await insertFile(tx, scope, {
      fileId: newId(),
      name,
      contentType: contentType || mediaTypeOf(name),
      sizeBytes,
      sha256,
    });
    await updateUsage(tx, scope, { usedBytes: sizeBytes, reservedBytes: -reservedBytes, fileCount: 1 });
    stored = true;
    return create(UploadFileResponseSchema, { file: toFile(row) });
  });
  if (stored) reservation.settled();
  return response;
}

/** Answers an upload that was answered before. It takes no quota: that may be used up by what it stored itself. */
async function answerAgain(
  { db }: StorageDeps,
  scope: Scope,
  { header, pieces }: Upload,
): Promise<UploadFileResponse> {
  const hash = createHash("sha256");
  for await (const piece of pieces) hash.update(piece);
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
