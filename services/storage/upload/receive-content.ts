import type { Db } from "../../lib/database.ts";
import type { Scope } from "../../lib/guard.ts";
import { newId } from "../../lib/ids.ts";
import { touchBlobs } from "../blob-repository.ts";
import type { Content, TemporaryBlob } from "../blobs/blob-store.ts";
import type { StorageDeps } from "../deps.ts";
import { type FileRow, insertFile, type NewFile } from "../file-repository.ts";
import { mediaTypeOf } from "../media-type.ts";
import { updateUsage } from "../quota-repository.ts";
import type { Reservation } from "./reservations.ts";

/** Content that has arrived. Disposing it gives back its quota and removes its bytes, unless it was committed. */
export type ReceivedContent = AsyncDisposable & {
  readonly content: Content;
  /**
   * Makes it a file within the transaction that commits it. An empty `contentType` is found by the name. Throws
   * diskFull, reservationLost.
   */
  insert(tx: Db, file: Pick<NewFile, "name" | "contentType" | "ownerId">): Promise<FileRow>;
  /** Says that the transaction has committed: if it inserted the content, nothing is left to give back. */
  committed(): void;
};

/**
 * Takes content in, under a reservation that grows with it, until it lies on the disk under no name. `announcedBytes`
 * is 0 when the size is not known before. Throws quotaExceeded, diskFull, and what `pieces` throws.
 */
export async function receiveContent(
  deps: StorageDeps,
  scope: Scope,
  { pieces, announcedBytes }: { pieces: AsyncIterable<Uint8Array>; announcedBytes: number },
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
  return {
    content,
    async insert(tx, file) {
      const row = await insert(deps, tx, scope, { file, content, reservation, temporary });
      inserted = true;
      return row;
    },
    committed() {
      if (inserted) reservation.settled();
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The transaction is what makes the file exist: before it has committed, everything else can be lost. */
async function insert(
  { content: verified }: StorageDeps,
  tx: Db,
  scope: Scope,
  received: {
    file: Pick<NewFile, "name" | "contentType" | "ownerId">;
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
