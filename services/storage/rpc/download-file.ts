import type { MethodImpl } from "@connectrpc/connect";
import type { DownloadFileRequest, FileService } from "../../../gen/sluice/storage/v1/files_pb.ts";
import { scopeOf } from "../../lib/guard.ts";
import type { Span } from "../blobs/pieces.ts";
import type { StorageDeps } from "../deps.ts";
import { parseRange } from "../download/byte-range.ts";
import { entityTagOf, isNamedIn, isRangeWanted } from "../download/entity-tag.ts";
import { notModifiedHead, partHead, wholeHead } from "../download/http-head.ts";
import { fileNotFound, rangeNotSatisfiable } from "../errors.ts";
import { type FileRow, findFile } from "../file-repository.ts";

export const downloadFile = ({
  db,
  content,
}: StorageDeps): MethodImpl<typeof FileService.method.downloadFile> =>
  async function* (request, context) {
    const file = await findFile(db, scopeOf(context), request.fileId);
    if (!file) throw fileNotFound(request.fileId);
    if (isNamedIn(request.ifNoneMatch, entityTagOf(file.sha256))) {
      yield notModifiedHead(file);
      return;
    }
    const span = spanOf(request, file);
    await using open = await content.open(file);
    await using pieces = span ? open.readSpan(span) : open.readAll();
    // Read before the head leaves: what is damaged here still answers an error instead of a broken body.
    const first = await pieces.next();
    yield span ? partHead(file, span) : wholeHead(file);
    if (first.value) yield { data: first.value };
    for await (const data of pieces) yield { data };
  };

/** The bytes that are asked for; undefined for all. */
function spanOf({ range, ifRange }: DownloadFileRequest, { sha256, sizeBytes }: FileRow): Span | undefined {
  if (!isRangeWanted(ifRange, entityTagOf(sha256))) return undefined;
  const asked = parseRange(range, sizeBytes);
  if (asked === "unsatisfiable") throw rangeNotSatisfiable(range, sizeBytes);
  return asked === "whole" ? undefined : asked;
}
