import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { HttpFileSchema, HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import type { Representation } from "../../lib/content/choose-answer.ts";
import type { ContentHead } from "../../lib/content/content-head.ts";
import { entityTagOf } from "../../lib/content/entity-tag.ts";
import type { FileRow } from "../file-repository.ts";

/** A google.api.HttpBody without bytes. */
type Head = { readonly contentType: string; readonly extensions: Any[] };

export const representationOf = (file: FileRow): Representation => ({
  sizeBytes: file.sizeBytes,
  entityTag: entityTagOf(file.sha256),
  lastModifiedMs: Math.floor(file.createTime.getTime() / 1000) * 1000,
});

/** Headers of an answer with the whole content. */
export const wholeHeaders = (file: FileRow): Record<string, string> => ({
  etag: entityTagOf(file.sha256),
  "last-modified": file.createTime.toUTCString(),
  "cache-control": "private",
  "content-type": file.contentType,
  "accept-ranges": "bytes",
  "content-disposition": contentDisposition(file.name),
  // A browser must not take what somebody uploaded for a page of ours.
  "x-content-type-options": "nosniff",
  "content-length": String(file.sizeBytes),
});

/** First message of an answer. */
export const headMessage = (file: FileRow, { status, headers }: ContentHead): Head => ({
  contentType: file.contentType,
  extensions: [anyPack(HttpHeadSchema, create(HttpHeadSchema, { status, headers, orgId: file.orgId }))],
});

/** A first message as the only one: the caller reads the bytes itself. */
export function handedOver(head: Head, where: MessageInitShape<typeof HttpFileSchema>): Head {
  const file = anyPack(HttpFileSchema, create(HttpFileSchema, where));
  return { ...head, extensions: [...head.extensions, file] };
}

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
