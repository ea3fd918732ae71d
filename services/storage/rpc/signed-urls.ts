import { type Duration, durationMs, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import type { BlobService } from "../../../gen/sluice/storage/v1/blobs_pb.ts";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { answerContent } from "../download/answer-content.ts";
import { fileNotFound, signedUrlInvalid } from "../errors.ts";
import { findFile, listFileIds } from "../file-repository.ts";

/** How long a URL is good when its caller does not say. Stands in the contract. */
const lifetimeMsDefault = 60 * 60 * 1000;

export const createSignedUrl =
  ({ db, signedUrls }: StorageDeps): MethodImpl<typeof FileService.method.createSignedUrl> =>
  async ({ fileId, lifetime }, context) => {
    const scope = scopeOf(context);
    if (!(await findFile(db, scope, fileId))) throw fileNotFound(fileId);
    const expireTime = expireTimeOf(lifetime);
    const url = signedUrls.urlFor({ orgId: scope.orgId, fileId, expireTime });
    return { url, expireTime: timestampFromDate(expireTime) };
  };

export const signBlobs =
  ({ db, signedUrls }: StorageDeps): MethodImpl<typeof BlobService.method.signBlobs> =>
  async ({ fileIds, lifetime }, context) => {
    const scope = scopeOf(context);
    const known = await listFileIds(db, scope, fileIds);
    const unknown = fileIds.find((fileId) => !known.has(fileId.toLowerCase()));
    if (unknown !== undefined) throw fileNotFound(unknown);
    const expireTime = expireTimeOf(lifetime);
    return { urls: fileIds.map((fileId) => signedUrls.urlFor({ orgId: scope.orgId, fileId, expireTime })) };
  };

export const readSigned = ({
  db,
  content,
  signedUrls,
}: StorageDeps): MethodImpl<typeof FileService.method.readSigned> =>
  async function* (request, context) {
    const grant = signedUrls.open(request.token);
    const file = grant && (await findFile(db, grant, grant.fileId));
    if (!file) throw signedUrlInvalid();
    yield* answerContent(content, file, {
      conditions: request,
      metadata: context.requestHeader,
      expireTime: grant.expireTime,
    });
  };

const expireTimeOf = (lifetime: Duration | undefined): Date =>
  new Date(Date.now() + (lifetime ? durationMs(lifetime) : lifetimeMsDefault));
