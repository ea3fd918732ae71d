import { createHash } from "node:crypto";
import type { Scope } from "../../lib/rpc/guard.ts";
import { mediaTypeOf } from "../media-type.ts";
import { receiveContent } from "../upload/receive-content.ts";
import type { ModelDeps } from "./model-deps.ts";
import { fileMismatch } from "./model-errors.ts";
import { attachFile } from "./model-file-repository.ts";
import { type FullVersionRow, lockPending, type VersionFile } from "./version-repository.ts";

type Arriving = {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
};

/** Refuses a size or hash that was not announced. */
function refuseOther(file: VersionFile, found: { sha256: string; sizeBytes: number }): void {
  if (found.sizeBytes !== file.sizeBytes)
    throw fileMismatch("size_bytes", String(file.sizeBytes), String(found.sizeBytes));
  if (found.sha256 !== file.sha256) throw fileMismatch("sha256", file.sha256, found.sha256);
}

/** Stores the content of an announced file. Returns without effect if another call was faster. */
export async function storeModelFile(
  deps: ModelDeps,
  scope: Scope,
  { version, file }: { version: FullVersionRow; file: VersionFile },
  { chunks, signal }: Arriving,
): Promise<void> {
  const { modelVersionId, namespace } = version;
  const arriving = { chunks: limited(chunks, file), announcedBytes: file.sizeBytes, namespace, signal };
  await using received = await receiveContent(deps, scope, arriving);
  refuseOther(file, received.content);
  // A reset stream can look like a complete one.
  signal.throwIfAborted();
  const name = file.path.slice(file.path.lastIndexOf("/") + 1);
  const head = { name, contentType: mediaTypeOf(name), namespace, modelVersionId };
  await deps.db
    .transaction(async (tx) => {
      if (!(await lockPending(tx, scope, modelVersionId))) throw new Attached();
      const { row } = await received.insert(tx, head);
      if (!(await attachFile(tx, modelVersionId, file.path, row.fileId))) throw new Attached();
    })
    .then(() => received.committed(), ignoreAttached);
}

/** Reads content that is there already, and refuses another one. */
export async function readAgain(file: VersionFile, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of limited(chunks, file)) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  refuseOther(file, { sizeBytes, sha256: hash.digest("hex") });
}

/** Ends as soon as there are more bytes than announced. */
async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  { sizeBytes }: VersionFile,
): AsyncIterable<Uint8Array> {
  let receivedBytes = 0;
  for await (const chunk of chunks) {
    receivedBytes += chunk.length;
    if (receivedBytes > sizeBytes)
      throw fileMismatch("size_bytes", String(sizeBytes), `${receivedBytes} or more`);
    yield chunk;
  }
}

/** Another call has brought the file, or ended the version. */
class Attached extends Error {}

function ignoreAttached(error: unknown): void {
  if (!(error instanceof Attached)) throw error;
}
