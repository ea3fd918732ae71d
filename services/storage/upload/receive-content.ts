import { hash } from "node:crypto";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { Content, TemporaryBlob } from "../blobs/blob-store.ts";
import { type FileRow, insertFile, type NewFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import { updateUsage } from "../quota-repository.ts";
import { gatherSmall } from "./gather-small.ts";
import type { Reservation } from "./reservations.ts";
import { insertSmall } from "./small-uploads.ts";
import type { UploadDeps } from "./upload-deps.ts";

type FileHead = Pick<NewFile, "name" | "contentType" | "ownerId">;

/** Content that has arrived. Disposing it gives back its quota and removes its bytes, unless it was committed. */
export type ReceivedContent = AsyncDisposable & {
  readonly content: Content;
  /**
   * Makes it a file within the transaction that commits it. An empty `contentType` is found by the name. Throws
   * diskFull, quotaExceeded, reservationLost.
   */
  insert(tx: Db, file: FileHead): Promise<FileRow>;
  /** Makes it a file, in a transaction of its own or one that it shares. Throws as `insert`. */
  store(file: FileHead): Promise<FileRow>;
  /** Says that the transaction has committed: if it inserted the content, nothing is left to give back. */
  committed(): void;
};

type Arriving = {
  readonly pieces: AsyncIterable<Uint8Array>;
  /** 0 when the size is not known before. */
  readonly announcedBytes: number;
  /** Aborts when the caller goes away. */
  readonly signal: AbortSignal;
};

/** Takes content in. Throws quotaExceeded, diskFull, and what `pieces` throws. */
export async function receiveContent(
  deps: UploadDeps,
  scope: Scope,
  arriving: Arriving,
): Promise<ReceivedContent> {
  const gathered = await gatherSmall(arriving.pieces, arriving.announcedBytes, deps.limits);
  return gathered.whole
    ? smallContent(deps, scope, gathered.whole, arriving.signal)
    : receiveLarge(deps, scope, { ...arriving, pieces: gathered.pieces });
}

/** It needs neither a reservation nor a file before it is committed. */
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

/** Under a reservation that grows with it, until it lies on the disk under no name. */
async function receiveLarge(
  deps: UploadDeps,
  scope: Scope,
  { pieces, announcedBytes }: Arriving,
): Promise<ReceivedContent> {
  await using stack = new AsyncDisposableStack();
  const reservation = stack.use(await deps.reservations.hold(scope, announcedBytes));
  const temporary = stack.use(await deps.blobs.createTemporary(reservation.id, announcedBytes));
  let receivedBytes = 0;
  for await (const piece of pieces) {
    receivedBytes += piece.length;
    await reservation.cover(receivedBytes);
    await temporary.write(piece);
  }
  const content = await temporary.finish();
  const held = stack.move();
  let inserted = false;
  const insertOne = async (tx: Db, file: FileHead) => {
    const row = await insert(deps, tx, scope, { file, content, reservation, temporary });
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

/** The transaction is what makes the file exist: before it has committed, everything else can be lost. */
async function insert(
  { content: verified }: UploadDeps,
  tx: Db,
  scope: Scope,
  received: {
    file: FileHead;
    content: Content;
    reservation: Reservation;
    temporary: TemporaryBlob;
  },
): Promise<FileRow> {
  const { file, content, reservation, temporary } = received;
  const { sha256, sizeBytes } = content;
  const reservedBytes = await reservation.take(tx);
  // Locks the content against its removal until the file's row says that it is used.
  await touchBlobs(tx, [sha256]);
  const fingerprint = await temporary.publish((existing) =>
    verified.isVerified(sha256, existing.fingerprint),
  );
  verified.setVerified(sha256, fingerprint);
  const contentType = file.contentType || mediaTypeOf(file.name);
  const row = await insertFile(tx, scope, { ...file, contentType, fileId: newId(), sizeBytes, sha256 });
  await updateUsage(tx, scope, { usedBytes: sizeBytes, reservedBytes: -reservedBytes, fileCount: 1 });
  return row;
}
