import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.ts";
import { type Conditions, chooseAnswer } from "../../lib/content/choose-answer.ts";
import { headOfAnswer } from "../../lib/content/content-head.ts";
import { sharedFolderHeader } from "../../lib/content/shared-folder.ts";
import type { FileRow } from "../file-repository.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import { headMessage, representationOf, wholeHeaders, withLentFile } from "./http-head.ts";
import { leaseOf } from "./lease.ts";

/** The caller's permission to read, and the conditions of the request. */
export type ReadGrant = {
  readonly conditions: Conditions;
  readonly metadata: Pick<Headers, "get">;
  /** End of the permission, if it has one. */
  readonly expireTime?: Date;
};

/**
 * An HTTP response: status and headers first, then the bytes. A caller that shares the folder, as its metadata shows, gets
 * the path of the whole file instead and applies the conditions itself. Throws preconditionFailed, rangeNotSatisfiable,
 * contentCorrupt.
 */
export async function* answerContent(
  content: VerifiedContent,
  file: FileRow,
  { conditions, metadata, expireTime }: ReadGrant,
): AsyncGenerator<MessageInitShape<typeof HttpBodySchema>> {
  const answer = chooseAnswer(conditions, representationOf(file));
  const whole = wholeHeaders(file);
  const head = headMessage(file, headOfAnswer(answer, whole, file.sizeBytes));
  if (answer.kind === "notModified") {
    yield head;
    return;
  }
  await using open = await content.open(file);
  if (metadata.get(sharedFolderHeader) === content.folderId) {
    const { path, fingerprint } = await open.locate();
    yield withLentFile(headMessage(file, { status: 200, headers: whole }), {
      path,
      fingerprint,
      sizeBytes: BigInt(file.sizeBytes),
      lease: leaseOf(file),
      ...(expireTime && { expireTime: timestampFromDate(expireTime) }),
    });
    return;
  }
  await using chunks = answer.kind === "part" ? open.readSpan(answer) : open.readAll();
  // Read before the head is sent: damage found here is an error response instead of a broken body.
  const first = await chunks.next();
  yield head;
  if (first.value) yield { data: first.value };
  for await (const data of chunks) yield { data };
}
