import { hash } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import { ownerIn } from "../../lib/database/scope.ts";
import { etagMismatch } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import { type FileHead, type FileRow, insertFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import type { Content, ObjectUpload } from "../objects/object-store.ts";
import type { Held } from "../quota/amount.ts";
import type { Reservation } from "../quota/reservations.ts";
import { addUsage, refuseOverQuota, settleUsage } from "../quota/usage.ts";
import { requireUpload } from "../versions/require-upload.ts";
import { insertVersion } from "../versions/version-repository.ts";
import { gatherSmall } from "./gather-small.ts";
import { insertSmall, storeSmall } from "./small-uploads.ts";
import type { StoredFile } from "./stored-file.ts";
import type { UploadDeps } from "./upload-deps.ts";

/** The file that gets a new version. An empty `contentType` is derived from its name. */
type VersionHead = {
  readonly fileId: string;
  readonly etag: string;
  readonly contentType: string;
  /** What the content looks like. */
  readonly detectedContentType: string;
};

/** Content that has arrived. Disposing it releases its quota and deletes its bytes, unless it was committed. */
export type ReceivedContent = AsyncDisposable & {
  readonly content: Content;
  /**
   * Creates its file in the caller's transaction. An empty `contentType` is derived from the name. Throws diskFull,
   * quotaExceeded, reservationLost.
   */
  insert(tx: Db, file: FileHead): Promise<StoredFile>;
  /** Makes it the next version of a file in the caller's transaction. Throws like `insert`, and like requireUpload. */
  insertVersion(tx: Db, head: VersionHead): Promise<StoredFile>;
  /** Creates its file in a transaction of its own, or one shared with other uploads. Throws like `insert`. */
  store(file: FileHead): Promise<StoredFile>;
  /** To be called after the transaction has committed: then the quota stays with the file. */
  committed(): void;
};

type Arriving = {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** 0 if the size is unknown. */
  readonly announcedBytes: number;
  /** Namespace of the file; empty for the default one. */
  readonly namespace: string | undefined;
  /** Aborts when the caller disconnects. */
  readonly signal: AbortSignal;
};

/** Receives content. Throws quotaExceeded, diskFull, and whatever `chunks` throws. */
export async function receiveContent(
  deps: UploadDeps,
  scope: Scope,
  arriving: Arriving,
): Promise<ReceivedContent> {
  const gathered = await gatherSmall(arriving.chunks, arriving.announcedBytes, deps.limits);
  return gathered.whole
    ? smallContent(deps, scope, gathered.whole, arriving.signal)
    : receiveLarge(deps, scope, { ...arriving, chunks: gathered.chunks });
}

/** Small content stays in memory and needs no reservation until it is committed. */
function smallContent(deps: UploadDeps, scope: Scope, bytes: Buffer, signal: AbortSignal): ReceivedContent {
  const content = { sha256: hash("sha256", bytes), sizeBytes: bytes.byteLength };
  const uploadOf = (file: FileHead) => ({ scope, file, content, bytes, signal });
  return {
    content,
    async insert(tx, file) {
      const [outcome] = await insertSmall(deps, tx, [uploadOf(file)]);
      if (!outcome || outcome instanceof Error) throw outcome;
      return outcome;
    },
    async insertVersion(tx, head) {
      const file = await requireUpload(tx, scope, head.fileId, head.etag);
      const counted = { namespace: file.namespace, sizeBytes: content.sizeBytes, isVersion: true };
      const [refusal] = await refuseOverQuota(tx, scope.orgId, [counted]);
      if (refusal) throw refusal;
      await storeSmall(deps, tx, scope, [{ content, bytes }]);
      const row = await insertNext(tx, scope, file, { head, content });
      return { row, warned: await addUsage(tx, scope.orgId, [counted]) };
    },
    store: (file) => deps.smallUploads.store(uploadOf(file)),
    committed: () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}

/** Streams content to the store under a reservation that grows with it. It is not visible before it is inserted. */
async function receiveLarge(
  deps: UploadDeps,
  scope: Scope,
  { chunks, announcedBytes, namespace = "" }: Arriving,
): Promise<ReceivedContent> {
  await using stack = new AsyncDisposableStack();
  const reservation = stack.use(await deps.reservations.hold(ownerIn(scope, namespace), announcedBytes));
  const start = { orgId: scope.orgId, uploadId: reservation.id, expectedBytes: announcedBytes };
  const upload = stack.use(await deps.objects.startUpload(start));
  let receivedBytes = 0;
  for await (const chunk of chunks) {
    receivedBytes += chunk.length;
    await reservation.cover(receivedBytes);
    await upload.write(chunk);
  }
  const content = await upload.finish();
  await reservation.complete(content.sizeBytes);
  const held = stack.move();
  let inserted = false;
  const insertOne = async (tx: Db, file: FileHead) => {
    const received = { content, reservation, upload, files: 1 };
    const stored = await insert(deps, tx, scope, received, () => insertNew(tx, scope, file, content));
    inserted = true;
    return stored;
  };
  return {
    content,
    insert: insertOne,
    async insertVersion(tx, head) {
      const file = await requireUpload(tx, scope, head.fileId, head.etag);
      const received = { content, reservation, upload, files: 0 };
      const stored = await insert(deps, tx, scope, received, (held) => {
        // The quota of another namespace was reserved.
        if (held.owner.namespace !== file.namespace) throw etagMismatch("file", file.fileId);
        return insertNext(tx, scope, file, { head, content });
      });
      inserted = true;
      return stored;
    },
    store: (file) => deps.db.transaction((tx) => insertOne(tx, file)),
    committed() {
      if (inserted) reservation.settled();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The content exists once the transaction has committed. Everything before that may be lost. */
async function insert(
  { content: verified }: UploadDeps,
  tx: Db,
  scope: Scope,
  received: {
    content: Content;
    reservation: Reservation;
    upload: ObjectUpload;
    files: number;
  },
  insertRow: (held: Held) => Promise<FileRow>,
): Promise<StoredFile> {
  const { content, reservation, upload, files } = received;
  const { sha256, sizeBytes } = content;
  const key = { orgId: scope.orgId, sha256 };
  const held = await reservation.take(tx);
  // Locks the content against collection until the file's row is committed.
  await touchBlobs(tx, scope, [sha256]);
  const fingerprint = await upload.publish((existing) => verified.isVerified(key, existing.fingerprint));
  verified.setVerified(key, fingerprint);
  const row = await insertRow(held);
  const warned = await settleUsage(tx, held, { bytes: sizeBytes, files });
  return { row, warned };
}

function insertNew(tx: Db, scope: Scope, file: FileHead, content: Content): Promise<FileRow> {
  const contentType = file.contentType || mediaTypeOf(file.name);
  return insertFile(tx, scope, { ...file, ...content, contentType, fileId: newId() });
}

function insertNext(
  tx: Db,
  { principal }: Scope,
  file: FileRow,
  { head, content }: { head: VersionHead; content: Content },
): Promise<FileRow> {
  const contentType = head.contentType || mediaTypeOf(file.name);
  const { detectedContentType } = head;
  return insertVersion(tx, file, { ...content, contentType, detectedContentType, userId: principal.userId });
}
