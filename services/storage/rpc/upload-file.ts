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
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import { required } from "../../lib/rpc/updates.ts";
import type { StorageDeps } from "../deps.ts";
import { hashMismatch, reservationLost } from "../errors.ts";
import type { FileRow } from "../file-repository.ts";
import { toFile, toWarnings } from "../message.ts";
import type { Content } from "../objects/object-store.ts";
import { findRules, inspect } from "../policy/upload-rules.ts";
import { isUploadRepeated, onceUploaded } from "../request-repository.ts";
import { headOf } from "../upload/file-head.ts";
import { type ReceivedContent, receiveContent } from "../upload/receive-content.ts";
import { receiveUpload, type Upload } from "../upload/receive-upload.ts";
import type { StoredFile } from "../upload/stored-file.ts";
import { requireUpload } from "../versions/require-upload.ts";

export const uploadFile =
  (deps: StorageDeps): MethodImpl<typeof FileService.method.uploadFile> =>
  async (requests, context) => {
    const scope = scopeOf(context);
    const upload = await receiveUpload<UploadFileHeader>(requests, deps.limits);
    const { header } = upload;
    refuseHeader(header);
    const isRepeated = await isUploadRepeated(deps.db, scope, header.requestId);
    // A repeated call has changed the etag itself.
    const { namespace, name } = await requireDestination(
      deps,
      scope,
      isRepeated ? { ...header, etag: "" } : header,
    );
    if (isRepeated) return answerAgain(deps, scope, upload);
    const rules = await findRules(deps, scope, namespace);
    const described = { name, contentType: header.contentType };

    const announcedBytes = Number(header.sizeBytes ?? 0);
    rules.requireAllowed(described, announcedBytes);
    const { chunks, detect } = inspect(rules, described, upload.chunks);
    await using received = await receiveContent(deps, scope, {
      chunks,
      announcedBytes,
      namespace,
      signal: context.signal,
    });
    refuseOtherHash(header, received.content);
    // A reset stream can look like a complete one.
    context.signal.throwIfAborted();
    // The namespace can have been deleted while the content arrived, and is open for a new one of its name then.
    await requireDestination(deps, scope, header);
    const response = await commit(deps, scope, { header, received, detectedContentType: await detect() });
    received.committed();
    // Until now, the previous version can be read.
    if (header.fileId !== "") await leasesEnded();
    return response;
  };

type Receiving = {
  readonly header: UploadFileHeader;
  readonly received: ReceivedContent;
  readonly detectedContentType: string;
};

/** A new file has a name, and a new version has nothing but its content. */
function refuseHeader(header: UploadFileHeader): void {
  const { fileId, name, etag, namespace, folder, kind, tags, properties } = header;
  if (fileId === "") {
    required(name, "header.name");
    if (etag !== "") throw invalidField("header.etag", "is for a new version of a file, with file_id");
    return;
  }
  const given = { namespace, folder, kind, tags: tags.length, properties: Object.keys(properties).length };
  const [refused] = Object.entries(given).find(([, value]) => Boolean(value)) ?? [];
  if (refused) throw invalidField(`header.${refused}`, "can't be set for a new version of a file");
}

/** Namespace and name of the file that the content is for. Throws what the commit would, before any bytes are read. */
async function requireDestination(
  { db, policies }: StorageDeps,
  scope: Scope,
  { fileId, etag, namespace, name }: UploadFileHeader,
): Promise<Pick<FileRow, "namespace" | "name">> {
  if (fileId !== "") return db.transaction((tx) => requireUpload(tx, scope, fileId, etag));
  await requireNamespace(policies, scope, namespace);
  return { namespace, name };
}

async function commit(
  { db }: StorageDeps,
  scope: Scope,
  { header, received, detectedContentType }: Receiving,
): Promise<UploadFileResponse> {
  const file = { ...headOf(header), detectedContentType };
  const version = { ...header, detectedContentType };
  const responseOf = ({ row, warned }: StoredFile) =>
    create(UploadFileResponseSchema, { file: toFile(row), quotaWarnings: toWarnings(warned) });
  const isNew = header.fileId === "";
  if (header.requestId === "") {
    return responseOf(
      isNew ? await received.store(file) : await db.transaction((tx) => received.insertVersion(tx, version)),
    );
  }
  return onceUploaded(db, scope, requestOf(header, received.content.sha256), async (tx) =>
    responseOf(isNew ? await received.insert(tx, file) : await received.insertVersion(tx, version)),
  );
}

/** The response of a repeated upload. It needs no quota, because its own file can have used it up. */
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
