import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  type PublishReleaseRequest,
  type PublishReleaseResponse,
  PublishReleaseResponseSchema,
  type ReleaseFile,
  type ReleaseService,
} from "../../../gen/sluice/storage/v1/releases_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, pathTaken, releaseExists } from "../errors.ts";
import { addUsage } from "../quota/usage.ts";
import { verifyStaged } from "../release/verify-staged.ts";
import {
  insertRelease,
  insertReleaseFiles,
  listReleaseFiles,
  lockStagedFiles,
  type NewReleaseFile,
} from "../release-repository.ts";

export const publishRelease =
  (deps: StorageDeps): MethodImpl<typeof ReleaseService.method.publishRelease> =>
  async (request, context) => {
    const scope = scopeOf(context);
    refuseRepeatedPaths(request.files);
    const known = await findPublished(deps.db, scope, request);
    if (known) return known;
    const verified = await verifyStaged(deps, scope, request.files, context.signal);
    return deps.db.transaction((tx) => publish(tx, scope, request, verified));
  };

/** Everything before the transaction only reads, so a release is published completely or not at all. */
async function publish(
  tx: Db,
  scope: Scope,
  request: PublishReleaseRequest,
  verified: readonly NewReleaseFile[],
): Promise<PublishReleaseResponse> {
  if (!(await insertRelease(tx, scope, request.releaseId, request.namespace))) {
    const published = await findPublished(tx, scope, request);
    if (!published) throw new Error("the release that is published has no files");
    return published;
  }
  // A staged file keeps its bytes.
  const staged = await lockStagedFiles(
    tx,
    scope,
    request.files.map(({ fileId }) => fileId),
  );
  const gone = request.files.find(({ fileId }) => !staged.has(fileId.toLowerCase()));
  if (gone) throw fileNotFound(gone.fileId);
  const taken = await insertReleaseFiles(tx, scope, request, verified);
  if (taken !== undefined) throw pathTaken(taken);
  const { namespace } = ownerIn(scope, request.namespace);
  await addUsage(
    tx,
    scope.orgId,
    verified.map(({ sizeBytes }) => ({ namespace, sizeBytes })),
  );
  return answer(verified);
}

/** The response of a release that is published already; else undefined. Throws releaseExists if its files differ. */
async function findPublished(
  db: Db,
  scope: Scope,
  { releaseId, files }: PublishReleaseRequest,
): Promise<PublishReleaseResponse | undefined> {
  const rows = await listReleaseFiles(db, scope, releaseId);
  if (rows.length === 0) return undefined;
  const byPath = new Map(rows.map((row) => [row.path, row]));
  const same = files.map(({ path, sha256, sizeBytes }) => {
    const row = byPath.get(path);
    if (row?.sha256 !== sha256 || BigInt(row.sizeBytes) !== sizeBytes) throw releaseExists(releaseId);
    return row;
  });
  if (same.length !== rows.length) throw releaseExists(releaseId);
  return answer(same);
}

const answer = (files: readonly NewReleaseFile[]): PublishReleaseResponse =>
  create(PublishReleaseResponseSchema, {
    files: files.map(({ fileId, path, sha256, sha512, sizeBytes }) => ({
      fileId,
      path,
      sha256,
      sha512,
      sizeBytes: BigInt(sizeBytes),
    })),
  });

function refuseRepeatedPaths(files: readonly ReleaseFile[]): void {
  const paths = new Set<string>();
  for (const [index, { path }] of files.entries()) {
    if (paths.has(path))
      throw invalidField(`files[${index}].path`, `${path} is the path of another file, too`);
    paths.add(path);
  }
}
