import type { MethodImpl } from "@connectrpc/connect";
import type { FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { requireNamespace } from "../../lib/clients/require-namespace.ts";
import { leasesEnded } from "../../lib/content/lease-time.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import { revisionOf } from "../../lib/rpc/updates.ts";
import type { StorageDeps } from "../deps.ts";
import { fileNotFound, fileNotUpload } from "../errors.ts";
import { findFile, moveUpload } from "../file-repository.ts";
import { toFile } from "../message.ts";
import { findRules } from "../policy/upload-rules.ts";
import { moveUsage } from "../quota/usage.ts";
import { moveUrlsOf } from "../sign/signed-url-repository.ts";
import { sumVersions } from "../versions/version-repository.ts";

export const moveFile =
  ({ db, policies, limits }: StorageDeps): MethodImpl<typeof FileService.method.moveFile> =>
  async ({ fileId, namespace, etag }, context) => {
    const scope = scopeOf(context);
    await requireNamespace(policies, scope, namespace);
    const row = await db.transaction(async (tx) => {
      const moved = await moveUpload(tx, scope, fileId, revisionOf(etag), namespace);
      if (!moved) return undefined;
      const { from, row } = moved;
      (await findRules({ db: tx, limits }, scope, namespace)).requireStored(row);
      const amount = { bytes: row.sizeBytes + (await sumVersions(tx, row)), files: 1 };
      await moveUrlsOf(tx, scope, fileId, row.namespace);
      await moveUsage(tx, { orgId: scope.orgId, namespace: from }, row.namespace, amount);
      return row;
    });
    if (row) {
      await leasesEnded();
      return { file: toFile(row) };
    }
    const current = await findFile(db, scope, fileId);
    if (!current) throw fileNotFound(fileId);
    if (current.category !== "upload") throw fileNotUpload(fileId, current.category);
    throw etagMismatch("file", fileId);
  };
