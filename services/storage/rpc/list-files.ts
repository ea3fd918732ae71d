import { create } from "@bufbuild/protobuf";
import type { MethodImpl } from "@connectrpc/connect";
import {
  type FileService,
  type ListFilesRequest,
  ListFilesResponseSchema,
} from "../../../gen/sluice/storage/v1/files_pb.ts";
import { narrow } from "../../lib/database/scope.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { listEntries } from "../listing/list-entries.ts";
import * as listing from "../listing/list-files.ts";
import { toCategory, toFile, toKind } from "../message.ts";

export const listFiles =
  ({ db }: StorageDeps): MethodImpl<typeof FileService.method.listFiles> =>
  async (request, context) => {
    const { folder, contentType, namespace, showDeleted: isTrashed } = request;
    // Names are compared in this form.
    const prefix = request.prefix.normalize("NFC");
    const scope = narrow(scopeOf(context), namespace);
    // The files of jobs and releases outnumber uploads, and are nothing that a user put there.
    const category = toCategory(request.category) ?? "upload";
    if (request.delimiter !== "") {
      refuseBesideDelimiter(request);
      const { rows, ...page } = await listEntries(db, scope, request, { category, isTrashed, prefix });
      return create(ListFilesResponseSchema, { files: rows.map(toFile), ...page });
    }
    const filter = { category, isTrashed, prefix, folder, contentType, kind: toKind(request.kind) };
    const { rows, ...page } = await listing.listFiles(db, scope, request, filter);
    return create(ListFilesResponseSchema, { files: rows.map(toFile), ...page });
  };

/** Common prefixes are found without reading the files that have them, so that nothing can be known of these. */
function refuseBesideDelimiter(request: ListFilesRequest): void {
  const { orderBy, filter, contentType, folder, kind, showTotal } = request;
  const given = { order_by: orderBy, filter, content_type: contentType, folder, kind, show_total: showTotal };
  const [refused] = Object.entries(given).find(([, value]) => Boolean(value)) ?? [];
  if (refused) throw invalidField(refused, "can't be set with delimiter");
}
