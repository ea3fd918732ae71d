import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.ts";
import { sharedFolderHeader } from "../../lib/shared-folder.ts";
import type { Span } from "../blobs/pieces.ts";
import type { VerifiedContent } from "../blobs/verified-content.ts";
import { rangeNotSatisfiable } from "../errors.ts";
import type { FileRow } from "../file-repository.ts";
import { parseRange } from "./byte-range.ts";
import { entityTagOf, isNamedIn, isRangeWanted } from "./entity-tag.ts";
import { handedOver, notModifiedHead, partHead, wholeHead } from "./http-head.ts";

/** The headers of an HTTP request that choose what of a content is answered; empty where there is none. */
type Conditions = { readonly range: string; readonly ifRange: string; readonly ifNoneMatch: string };

/** Less than this is read for the caller: to open the file itself would cost it more. */
const handedOverBytesMin = 256 * 1024;

/**
 * A file as HTTP answers it: status and headers first, then the bytes. A caller whose metadata names this folder of
 * files is told where the bytes are instead. Throws rangeNotSatisfiable, contentCorrupt.
 */
export async function* answerContent(
  content: VerifiedContent,
  file: FileRow,
  conditions: Conditions,
  metadata: Pick<Headers, "get">,
): AsyncGenerator<MessageInitShape<typeof HttpBodySchema>> {
  if (isNamedIn(conditions.ifNoneMatch, entityTagOf(file.sha256))) {
    yield notModifiedHead(file);
    return;
  }
  const span = spanOf(conditions, file);
  await using open = await content.open(file);
  const { start, end } = span ?? { start: 0, end: file.sizeBytes };
  if (metadata.get(sharedFolderHeader) === content.folderId && end - start >= handedOverBytesMin) {
    const { path, fingerprint } = await open.locate();
    const where = { path, fingerprint, offsetBytes: BigInt(start), sizeBytes: BigInt(end - start) };
    yield handedOver(span ? partHead(file, span) : wholeHead(file), where);
    return;
  }
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
