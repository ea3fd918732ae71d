import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { HttpBodySchema } from "../../../gen/google/api/httpbody_pb.ts";
import { bodyOfAnswer } from "../../lib/content/answer-body.ts";
import type { Span } from "../../lib/content/byte-range.ts";
import { type Conditions, type ContentAnswer, chooseAnswer } from "../../lib/content/choose-answer.ts";
import { headOfAnswer } from "../../lib/content/content-head.ts";
import { isSpan } from "../../lib/content/multipart-ranges.ts";
import { sharedFolderHeader } from "../../lib/content/shared-folder.ts";
import type { FileRow } from "../file-repository.ts";
import type { OpenContent, VerifiedContent } from "../objects/verified-content.ts";
import { headMessage, representationOf, wholeHeaders, withLentFile } from "./http-head.ts";
import { leaseOf } from "./lease.ts";

/** The caller's permission to read, and the conditions of the request. */
export type ReadGrant = {
  readonly conditions: Conditions;
  readonly metadata: Pick<Headers, "get">;
  /** End of the permission, if it has one. */
  readonly expireTime?: Date;
  /** What a lease has to name besides the file, if the permission can end before its time. */
  readonly leaseEnd?: string;
  /** Headers instead of those of a download. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether only status and headers are wanted. */
  readonly headOnly?: boolean;
  /** Called before the first byte of content is returned. If it throws, none is. */
  onContent?(): Promise<void>;
};

/**
 * An HTTP response: status and headers first, then the bytes. A caller that shares the folder, as its metadata shows, gets
 * the path of the whole file instead and applies the conditions itself. Throws preconditionFailed, rangeNotSatisfiable,
 * contentCorrupt.
 */
export async function* answerContent(
  content: VerifiedContent,
  file: FileRow,
  { conditions, metadata, headers, expireTime, leaseEnd = "", headOnly = false, onContent }: ReadGrant,
): AsyncGenerator<MessageInitShape<typeof HttpBodySchema>> {
  const answer = chooseAnswer(conditions, representationOf(file));
  const whole = { ...wholeHeaders(file), ...headers };
  const head = headMessage(file, headOfAnswer(answer, whole, file.sizeBytes));
  if (answer.kind === "notModified" || headOnly) {
    yield head;
    return;
  }
  await using open = await content.open(file);
  if (metadata.get(sharedFolderHeader) === content.folderId) {
    yield withLentFile(headMessage(file, { status: 200, headers: whole }), {
      ...(await open.locate()),
      sizeBytes: BigInt(file.sizeBytes),
      lease: leaseOf(file) + leaseEnd,
      ...(expireTime && { expireTime: timestampFromDate(expireTime) }),
    });
    return;
  }
  await using chunks = readBody(open, bodyOfAnswer(answer, whole, file.sizeBytes), answer);
  // Read before the head is sent: damage found here is an error response instead of a broken body.
  const first = await chunks.next();
  await onContent?.();
  yield head;
  if (first.value) yield { data: first.value };
  for await (const data of chunks) yield { data };
}

/** A text of the body comes after the bytes behind it are read, so that damage is found before anything is sent. */
async function* readBody(
  open: OpenContent,
  parts: readonly (Buffer | Span)[],
  answer: ContentAnswer,
): AsyncGenerator<Uint8Array, void> {
  if (answer.kind === "whole") return yield* open.readAll();
  let held: Buffer | undefined;
  for (const part of parts) {
    if (!isSpan(part)) {
      held = part;
      continue;
    }
    for await (const chunk of open.readSpan(part)) {
      if (held) yield held;
      held = undefined;
      yield chunk;
    }
  }
  if (held) yield held;
}
