import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { HttpFileSchema, HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import type { Span } from "../blobs/pieces.ts";
import type { FileRow } from "../file-repository.ts";
import { entityTagOf } from "./entity-tag.ts";

/** A google.api.HttpBody without bytes. */
type Head = { readonly contentType: string; readonly extensions: Any[] };

/** First message of an answer with the whole content. */
export const wholeHead = (file: FileRow): Head =>
  head(file, 200, { ...contentHeaders(file), "content-length": String(file.sizeBytes) });

/** First message of an answer with some bytes. */
export const partHead = (file: FileRow, { start, end }: Span): Head =>
  head(file, 206, {
    ...contentHeaders(file),
    "content-length": String(end - start),
    "content-range": `bytes ${start}-${end - 1}/${file.sizeBytes}`,
  });

/** The only message of an answer to a caller that has the content already. */
export const notModifiedHead = (file: FileRow): Head => head(file, 304, {});

/** A first message as the only one: the caller reads the bytes itself. */
export function handedOver(head: Head, where: MessageInitShape<typeof HttpFileSchema>): Head {
  const file = anyPack(HttpFileSchema, create(HttpFileSchema, where));
  return { ...head, extensions: [...head.extensions, file] };
}

function head(file: FileRow, status: number, headers: Record<string, string>): Head {
  const message = create(HttpHeadSchema, { status, headers: { ...cacheHeaders(file), ...headers } });
  return { contentType: file.contentType, extensions: [anyPack(HttpHeadSchema, message)] };
}

const cacheHeaders = (file: FileRow) => ({
  etag: entityTagOf(file.sha256),
  "last-modified": file.createTime.toUTCString(),
  "cache-control": "private",
});

const contentHeaders = (file: FileRow) => ({
  "content-type": file.contentType,
  "accept-ranges": "bytes",
  "content-disposition": contentDisposition(file.name),
  // A browser must not take what somebody uploaded for a page of ours.
  "x-content-type-options": "nosniff",
});

/** As RFC 6266: a name in ASCII that every client reads, and the true one beside it where that differs. */
function contentDisposition(name: string): string {
  const plain = name.replace(/[^\x20-\x7e]|["\\%]/gu, "_");
  const disposition = `attachment; filename="${plain}"`;
  return plain === name ? disposition : `${disposition}; filename*=UTF-8''${encodeExtended(name)}`;
}

// RFC 5987 leaves fewer characters as they are than encodeURIComponent does.
const encodeExtended = (text: string): string =>
  encodeURIComponent(text).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
