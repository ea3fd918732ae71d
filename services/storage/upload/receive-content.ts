import { hash } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import { type FileRow, insertFile, type NewFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import type { Content, ObjectUpload } from "../objects/object-store.ts";
import { updateUsage } from "../quota-repository.ts";
import { gatherSmall } from "./gather-small.ts";
import type { Reservation } from "./reservations.ts";
import { insertSmall } from "./small-uploads.ts";
import type { UploadDeps } from "./upload-deps.ts";

type FileHead = Pick<NewFile, "name" | "contentType" | "ownerId">;

/** Content that has arrived. Disposing it releases its quota and deletes its bytes, unless it was committed. */
export type ReceivedContent = AsyncDisposable & {
  readonly content: Content;
  /**
   * Creates its file in the caller's transaction. An empty `contentType` is derived from the name. Throws diskFull,
   * quotaExceeded, reservationLost.
   */
  insert(tx: Db, file: FileHead): Promise<FileRow>;
  /** Creates its file in a transaction of its own, or one shared with other uploads. Throws like `insert`. */
  store(file: FileHead): Promise<FileRow>;
  /** To be called after the transaction has committed: then the quota stays with the file. */
  committed(): void;
};

type Arriving = {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** 0 if the size is unknown. */
  readonly announcedBytes: number;
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
    store: (file) => deps.smallUploads.store(uploadOf(file)),
    committed: () => undefined,
    async [Symbol.asyncDispose]() {},
  };
}

/** Streams content to the store under a reservation that grows with it. It is not visible before it is inserted. */
async function receiveLarge(
  deps: UploadDeps,
  scope: Scope,
  { chunks, announcedBytes }: Arriving,
): Promise<ReceivedContent> {
  await using stack = new AsyncDisposableStack();
  const reservation = stack.use(await deps.reservations.hold(scope, announcedBytes));
  const upload = stack.use(await deps.objects.startUpload(reservation.id, announcedBytes));
  let receivedBytes = 0;
  for await (const chunk of chunks) {
    receivedBytes += chunk.length;
    await reservation.cover(receivedBytes);
    await upload.write(chunk);
  }
  const content = await upload.finish();
  const held = stack.move();
  let inserted = false;
  const insertOne = async (tx: Db, file: FileHead) => {
    const row = await insert(deps, tx, scope, { file, content, reservation, upload });
    inserted = true;
    return row;
  };
  return {
    content,
    insert: insertOne,
    store: (file) => deps.db.transaction((tx) => insertOne(tx, file)),
    committed() {
      if (inserted) reservation.settled();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The file exists once the transaction has committed. Everything before that may be lost. */
async function insert(
  { content: verified }: UploadDeps,
  tx: Db,
  scope: Scope,
  received: {
    file: FileHead;
    content: Content;
    reservation: Reservation;
    upload: ObjectUpload;
  },
): Promise<FileRow> {
  const { file, content, reservation, upload } = received;
  const { sha256, sizeBytes } = content;
  const reservedBytes = await reservation.take(tx);
  // Locks the content against collection until the file's row is committed.
  await touchBlobs(tx, [sha256]);
  const fingerprint = await upload.publish((existing) => verified.isVerified(sha256, existing.fingerprint));
  verified.setVerified(sha256, fingerprint);
  const contentType = file.contentType || mediaTypeOf(file.name);
  const row = await insertFile(tx, scope, { ...file, contentType, fileId: newId(), sizeBytes, sha256 });
  await updateUsage(tx, scope, { usedBytes: sizeBytes, reservedBytes: -reservedBytes, fileCount: 1 });
  return row;
}
