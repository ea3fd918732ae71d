import { createContentStart } from "../detect-type.ts";
import type { Content, ObjectHead } from "../objects/object-store.ts";
import type { QuotaOwner } from "../quota/amount.ts";
import type { UploadDeps } from "../upload/upload-deps.ts";
import type { PartRow } from "./part-repository.ts";

/** The content of all parts together. Disposing it deletes its bytes unless they were published. */
export type ComposedContent = AsyncDisposable & {
  readonly content: Content;
  readonly detectedContentType: string;
  /** To be called in the transaction that inserts the file, which has locked the content. */
  publish(): Promise<void>;
};

/**
 * Joins parts. One part is the content already; several are copied into a new object, because an object has one hash and one
 * place. Throws contentCorrupt for a damaged part, diskFull.
 */
export async function compose(
  deps: UploadDeps,
  owner: QuotaOwner,
  parts: readonly PartRow[],
): Promise<ComposedContent> {
  const { orgId } = owner;
  const [first, second] = parts;
  if (first && !second) return single(deps, first);
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  await using stack = new AsyncDisposableStack();
  // The quota is the upload's; this keeps the unfinished bytes from collection.
  const live = stack.use(await deps.reservations.holdNothing(owner));
  const object = stack.use(
    await deps.objects.startUpload({ orgId, uploadId: live.id, expectedBytes: sizeBytes }),
  );
  const start = createContentStart();
  for await (const chunk of readParts(deps, parts)) {
    start.add(chunk);
    await object.write(chunk);
  }
  const content = await object.finish();
  const detectedContentType = await start.detect();
  const held = stack.move();
  return {
    content,
    detectedContentType,
    async publish() {
      const key = { orgId, sha256: content.sha256 };
      const isSound = ({ fingerprint }: ObjectHead) => deps.content.isVerified(key, fingerprint);
      deps.content.setVerified(key, await object.publish(isSound));
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function single(deps: UploadDeps, part: PartRow): Promise<ComposedContent> {
  const start = createContentStart();
  for await (const chunk of readParts(deps, [part])) {
    start.add(chunk);
    if (start.isWhole()) break;
  }
  return {
    content: { sha256: part.sha256, sizeBytes: part.sizeBytes },
    detectedContentType: await start.detect(),
    async publish() {},
    async [Symbol.asyncDispose]() {},
  };
}

async function* readParts(deps: UploadDeps, parts: readonly PartRow[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    await using open = await deps.content.open(part);
    yield* open.readAll();
  }
}
