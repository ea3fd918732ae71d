import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { MethodImpl } from "@connectrpc/connect";
import { HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import { ArchiveFormat, type ArchiveService } from "../../../gen/sluice/storage/v1/archives_pb.ts";
import { type Scope, scopeOf } from "../../lib/rpc/guard.ts";
import type { ArchiveEntry } from "../archive/archive-entry.ts";
import type { ArchivedFile } from "../archive/archive-repository.ts";
import { entryNames } from "../archive/entry-names.ts";
import { gatherChunks } from "../archive/gather-chunks.ts";
import { selectFiles } from "../archive/select-files.ts";
import { tarArchive } from "../archive/tar-archive.ts";
import { zipArchive } from "../archive/zip-archive.ts";
import type { StorageDeps } from "../deps.ts";
import { contentDisposition } from "../download/content-disposition.ts";
import { fileChanged, fileNotFound } from "../errors.ts";
import { findFile } from "../file-repository.ts";

const formats = {
  zip: { contentType: "application/zip", archiveOf: zipArchive },
  tar: { contentType: "application/x-tar", archiveOf: tarArchive },
};

export const downloadArchive = (
  deps: StorageDeps,
): MethodImpl<typeof ArchiveService.method.downloadArchive> =>
  async function* (request, context) {
    const scope = scopeOf(context);
    const selected = await selectFiles(deps.db, scope, request);
    const kind = request.format === ArchiveFormat.TAR ? "tar" : "zip";
    const { contentType, archiveOf } = formats[kind];
    const archive = archiveOf(entriesOf(deps, scope, selected));
    await using chunks = gatherChunks(archive.read());
    // Read before the head is sent: what fails at once is an error response instead of a broken body.
    const first = await chunks.next();
    const headers = {
      "content-type": contentType,
      "content-length": String(archive.sizeBytes),
      "content-disposition": contentDisposition("attachment", request.name || `files.${kind}`),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    };
    const head = create(HttpHeadSchema, { status: 200, headers, orgId: scope.orgId });
    yield { contentType, extensions: [anyPack(HttpHeadSchema, head)] };
    if (first.value) yield { data: first.value };
    for await (const data of chunks) yield { data };
  };

function entriesOf(deps: StorageDeps, scope: Scope, selected: readonly ArchivedFile[]): ArchiveEntry[] {
  const names = entryNames(selected.map(({ fullName, path }) => path ?? fullName));
  return selected.map((file, at) => ({
    name: names[at] ?? "",
    sizeBytes: file.sizeBytes,
    time: file.createTime,
    read: () => readEntry(deps, scope, file),
  }));
}

/** The content of a file, if it may still be read when its turn comes. */
async function* readEntry(
  { db, content }: StorageDeps,
  scope: Scope,
  selected: ArchivedFile,
): AsyncGenerator<Uint8Array, void> {
  const file = await findFile(db, scope, selected.fileId);
  if (!file) throw fileNotFound(selected.fileId);
  if (file.sha256 !== selected.sha256) throw fileChanged(selected.fileId);
  await using open = await content.open(file);
  yield* open.readAll();
}
