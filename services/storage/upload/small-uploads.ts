import { Code, ConnectError } from "@connectrpc/connect";
import type { Db } from "../../lib/database/database.ts";
import { databaseFailure } from "../../lib/database/database-failure.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import { type FileHead, type FileRow, insertFiles } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import type { Content, ObjectStore } from "../objects/object-store.ts";
import type { VerifiedContent } from "../objects/verified-content.ts";
import type { CountedFile } from "../quota/amount.ts";
import { addUsage, refuseOverQuota } from "../quota/usage.ts";
import type { StoredFile } from "./stored-file.ts";

/** Content in memory, and the file to create for it. */
export type SmallUpload = {
  readonly scope: Scope;
  readonly file: FileHead;
  readonly content: Content;
  readonly bytes: Uint8Array;
  /** Aborts when the caller is gone: then the file must not be created. */
  readonly signal: AbortSignal;
};

export type SmallUploads = {
  /** Commits the upload in a batch with others of its organisation. Throws quotaExceeded, diskFull. */
  store(upload: SmallUpload): Promise<StoredFile>;
};

type Waiting = { readonly upload: SmallUpload } & Pick<
  PromiseWithResolvers<StoredFile>,
  "resolve" | "reject"
>;
type Queue = { readonly waiting: Waiting[]; running: number };

/** Uploads in one transaction. */
const batchMax = 64;
/** Concurrent transactions of one organisation: while one waits for the disk, the next batch fills. */
const batchesMax = 2;

/**
 * A commit costs the same for one file as for many, and commits of one organisation wait for each other on its quota's row.
 * So uploads that arrive during a commit share the next transaction.
 */
export function createSmallUploads(deps: SmallUploadDeps): SmallUploads {
  const queues = new Map<string, Queue>();
  const pump = (orgId: string, queue: Queue) => {
    while (queue.running < batchesMax && queue.waiting.length > 0) {
      const batch = queue.waiting.splice(0, batchMax);
      queue.running += 1;
      // A batch serves several calls: none of them may cancel its statements.
      void outsideCalls(() => commitAll(deps, batch)).finally(() => {
        queue.running -= 1;
        if (queue.running === 0 && queue.waiting.length === 0) queues.delete(orgId);
        else pump(orgId, queue);
      });
    }
  };
  return {
    store(upload) {
      const { orgId } = upload.scope;
      const { promise, resolve, reject } = Promise.withResolvers<StoredFile>();
      const queue = queues.get(orgId) ?? { waiting: [], running: 0 };
      queues.set(orgId, queue);
      queue.waiting.push({ upload, resolve, reject });
      pump(orgId, queue);
      return promise;
    },
  };
}

type SmallUploadDeps = {
  readonly db: Db;
  readonly objects: ObjectStore;
  readonly content: VerifiedContent;
};

const isWanted = ({ upload }: Waiting): boolean => !upload.signal.aborted;

/** Settles every upload of a batch. An error of one upload does not fail the others. */
async function commitAll(deps: SmallUploadDeps, batch: readonly Waiting[]): Promise<void> {
  const wanted = batch.filter(isWanted);
  for (const { reject } of batch.filter((waiting) => !wanted.includes(waiting))) reject(callEnded());
  if (wanted.length === 0) return;
  try {
    const outcomes = await deps.db.transaction(async (tx) => {
      const stored = await insertSmall(
        deps,
        tx,
        wanted.map(({ upload }) => upload),
      );
      if (!wanted.every(isWanted)) throw callEnded();
      return stored;
    });
    for (const [at, { resolve, reject }] of wanted.entries()) {
      const outcome = outcomes[at];
      if (!outcome || outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    }
  } catch (error) {
    await commitAgain(deps, wanted, error);
  }
}

async function commitAgain(deps: SmallUploadDeps, failed: readonly Waiting[], error: unknown): Promise<void> {
  if (!failed.every(isWanted)) return commitAll(deps, failed);
  // If the database connection was lost, the transaction may have been committed.
  if (failed.length === 1 || databaseFailure(error)?.code === Code.Unavailable) {
    for (const { reject } of failed) reject(error);
    return;
  }
  for (const one of failed) await commitAll(deps, [one]);
}

const callEnded = () => new ConnectError("the call has ended", Code.Canceled);

/**
 * Creates the files of one organisation's uploads in the caller's transaction. Returns for each upload its row or its
 * refusal. Locks are taken in the order used everywhere: blobs, then quota.
 */
export async function insertSmall(
  { objects, content: verified }: SmallUploadDeps,
  tx: Db,
  uploads: readonly SmallUpload[],
): Promise<(StoredFile | Error)[]> {
  const [first] = uploads;
  if (!first) return [];
  const { scope } = first;
  const refused = await refuseOverQuota(tx, scope.orgId, uploads.map(countedOf));
  const refusals = new Map(uploads.map((upload, at) => [upload, refused[at]]));
  const admitted = uploads.filter((upload) => !refusals.get(upload));
  const bySha256 = new Map(admitted.map((upload) => [upload.content.sha256, upload]));
  if (admitted.length === 0) return uploads.map((upload) => refusals.get(upload) as Error);
  await storeSmall({ objects, content: verified }, tx, scope, [...bySha256.values()]);
  const rows = await insertFiles(tx, admitted.map(newFileOf));
  const warned = await addUsage(tx, scope.orgId, admitted.map(countedOf));
  const rowOf = new Map(admitted.map((upload, at) => [upload, rows[at]]));
  return uploads.map((upload) => {
    const row = rowOf.get(upload);
    return row
      ? { row, warned: warned.filter(({ namespace }) => isOf(namespace, row)) }
      : (refusals.get(upload) as Error);
  });
}

const isOf = (namespace: string | null, row: FileRow) => namespace === null || namespace === row.namespace;

const countedOf = ({ scope, file, content }: SmallUpload): CountedFile => ({
  namespace: ownerIn(scope, file.namespace ?? "").namespace,
  sizeBytes: content.sizeBytes,
});

/** Stores contents. They are locked: nothing can collect them before the rows that use them are committed. */
export async function storeSmall(
  { objects, content: verified }: Pick<SmallUploadDeps, "objects" | "content">,
  tx: Db,
  owner: Pick<Scope, "orgId">,
  contents: readonly Pick<SmallUpload, "content" | "bytes">[],
): Promise<void> {
  await touchBlobs(
    tx,
    owner,
    contents.map(({ content }) => content.sha256),
  );
  const stored = await Promise.allSettled(
    contents.map(async ({ content, bytes }) => {
      const key = { orgId: owner.orgId, sha256: content.sha256 };
      const isSound = (existing: { fingerprint: string }) => verified.isVerified(key, existing.fingerprint);
      verified.setVerified(key, await objects.put(key, bytes, isSound));
    }),
  );
  // After all have settled: nothing may be stored once the locks are released.
  for (const outcome of stored) if (outcome.status === "rejected") throw outcome.reason;
}

const newFileOf = ({ scope, file, content }: SmallUpload) => ({
  scope,
  file: {
    ...file,
    ...content,
    contentType: file.contentType || mediaTypeOf(file.name),
    fileId: newId(),
  },
});
