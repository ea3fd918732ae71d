import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.ts";
import { type Conditions, chooseAnswer } from "../../lib/content/choose-answer.ts";
import { headOfAnswer } from "../../lib/content/content-head.ts";
import { sharedFolderHeader } from "../../lib/content/shared-folder.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import type { FileRow } from "../file-repository.ts";
import { handedOver, headMessage, representationOf, wholeHeaders } from "./http-head.ts";
import { leaseOf } from "./lease.ts";

/** What a caller read the file by. */
export type ReadGrant = {
  readonly conditions: Conditions;
  readonly metadata: Pick<Headers, "get">;
  /** When it ends, if it does. */
  readonly expireTime?: Date;
};

/**
 * A file as HTTP answers it: status and headers first, then the bytes. A caller whose metadata names this folder of
 * files is told where the whole is instead, and chooses from it what the conditions ask for. Throws preconditionFailed,
 * rangeNotSatisfiable, contentCorrupt.
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
    yield handedOver(headMessage(file, { status: 200, headers: whole }), {
      path,
      fingerprint,
      sizeBytes: BigInt(file.sizeBytes),
      lease: leaseOf(file),
      ...(expireTime && { expireTime: timestampFromDate(expireTime) }),
    });
    return;
  }
  await using pieces = answer.kind === "part" ? open.readSpan(answer) : open.readAll();
  // Read before the head leaves: what is damaged here still answers an error instead of a broken body.
  const first = await pieces.next();
  yield head;
  if (first.value) yield { data: first.value };
  for await (const data of pieces) yield { data };
}
