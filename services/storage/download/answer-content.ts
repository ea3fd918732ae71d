import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.ts";
import type { Span } from "../blobs/pieces.ts";
import type { VerifiedContent } from "../blobs/verified-content.ts";
import { rangeNotSatisfiable } from "../errors.ts";
import type { FileRow } from "../file-repository.ts";
import { parseRange } from "./byte-range.ts";
import { entityTagOf, isNamedIn, isRangeWanted } from "./entity-tag.ts";
import { notModifiedHead, partHead, wholeHead } from "./http-head.ts";

/** The headers of an HTTP request that choose what of a content is answered; empty where there is none. */
type Conditions = { readonly range: string; readonly ifRange: string; readonly ifNoneMatch: string };

/** A file as HTTP answers it: status and headers first, then the bytes. Throws rangeNotSatisfiable, contentCorrupt. */
export async function* answerContent(
  content: VerifiedContent,
  file: FileRow,
  conditions: Conditions,
): AsyncGenerator<MessageInitShape<typeof HttpBodySchema>> {
  if (isNamedIn(conditions.ifNoneMatch, entityTagOf(file.sha256))) {
    yield notModifiedHead(file);
    return;
  }
  const span = spanOf(conditions, file);
  await using open = await content.open(file);
  await using pieces = span ? open.readSpan(span) : open.readAll();
  // Read before the head leaves: what is damaged here still answers an error instead of a broken body.
  const first = await pieces.next();
  yield span ? partHead(file, span) : wholeHead(file);
  if (first.value) yield { data: first.value };
  for await (const data of pieces) yield { data };
}

/** The bytes that are asked for; undefined for all. */
function spanOf({ range, ifRange }: Conditions, { sha256, sizeBytes }: FileRow): Span | undefined {
  if (!isRangeWanted(ifRange, entityTagOf(sha256))) return undefined;
  const asked = parseRange(range, sizeBytes);
  if (asked === "unsatisfiable") throw rangeNotSatisfiable(range, sizeBytes);
  return asked === "whole" ? undefined : asked;
}
