import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { HttpFileSchema, HttpHeadSchema } from "../../../gen/sluice/common/v1/options_pb.ts";
import type { Representation } from "../../lib/content/choose-answer.ts";
import type { ContentHead } from "../../lib/content/content-head.ts";
import { entityTagOf } from "../../lib/content/entity-tag.ts";
import type { FileRow } from "../file-repository.ts";
import { contentDisposition } from "./content-disposition.ts";

/** A google.api.HttpBody without bytes. */
type Head = { readonly contentType: string; readonly extensions: Any[] };

export const representationOf = (file: FileRow): Representation => ({
  sizeBytes: file.sizeBytes,
  entityTag: entityTagOf(file.sha256),
  lastModifiedMs: Math.floor(contentTimeOf(file).getTime() / 1000) * 1000,
});

const contentTimeOf = ({ contentTime, createTime }: FileRow): Date => contentTime ?? createTime;

/** Headers of a response with the whole content. */
export const wholeHeaders = (file: FileRow): Record<string, string> => ({
  etag: entityTagOf(file.sha256),
  "last-modified": contentTimeOf(file).toUTCString(),
  "cache-control": "private",
  "content-type": file.contentType,
  "accept-ranges": "bytes",
  "content-disposition": contentDisposition("attachment", file.name),
  // Browsers must not render an uploaded file as a page of this origin.
  "x-content-type-options": "nosniff",
  "content-length": String(file.sizeBytes),
});

/** First message of a response. */
export const headMessage = (file: FileRow, { status, headers }: ContentHead): Head => ({
  contentType: headers["content-type"] ?? file.contentType,
  extensions: [anyPack(HttpHeadSchema, create(HttpHeadSchema, { status, headers, orgId: file.orgId }))],
});

/** The only message of a response whose bytes the caller reads from the shared folder. */
export function withLentFile(head: Head, where: MessageInitShape<typeof HttpFileSchema>): Head {
  const file = anyPack(HttpFileSchema, create(HttpFileSchema, where));
  return { ...head, extensions: [...head.extensions, file] };
}
