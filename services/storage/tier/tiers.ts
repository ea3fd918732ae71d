import { pipeline, Readable } from "node:stream";
import { constants, createZstdCompress, createZstdDecompress } from "node:zlib";
import type { Db } from "../../lib/database/database.ts";
import { outsideCalls } from "../../lib/rpc/call.ts";
import { touchBlobs } from "../blob-repository.ts";
import { contentCorrupt } from "../errors.ts";
import type { ObjectKey, ObjectStore, ObjectUpload, StoredContent } from "../objects/object-store.ts";
import { createVerifiedContent } from "../objects/verified-content.ts";
import type { Reservation, Reservations } from "../quota/reservations.ts";
import {
  type ColdRow,
  deleteCold,
  findCold,
  insertCold,
  listMoving,
  listTouched,
  setMoved,
} from "./tier-repository.ts";

/** The cold tier: content that is compressed until it is read. */
export type Tiers = {
  /** Moves content to the cold tier. Returns the bytes that it takes there. Throws contentCorrupt, diskFull. */
  cool(content: StoredContent): Promise<number>;
  /** Brings content back. Content that is not cold is no error. Throws contentCorrupt, diskFull. */
  warm(key: ObjectKey): Promise<void>;
  /**
   * How content is stored in the cold tier; undefined if its bytes are there as they are. `since` is when the caller's file got
   * the content: what became of it before is not the caller's to know.
   */
  find(key: ObjectKey, since: Date): Promise<ColdRow | undefined>;
  /** Completes moves that processes have left when they died, and records content that was uploaded again as warm. */
  completeMoves(): Promise<void>;
  /** The store, whose `get` brings cold content back. */
  readonly store: ObjectStore;
};

type TierDeps = {
  readonly db: Db;
  readonly objects: ObjectStore;
  readonly reservations: Pick<Reservations, "holdNothing">;
};

/** Compression level of zstd: beyond, it takes several times as long for a few percent. */
const level = 9;
/** Content that shrinks less than this stays as it is. */
const worthwhile = 0.95;

/**
 * Compressed content is an object of its own under the hash of its compressed bytes, so that it is encrypted, checked and
 * moved as every other. Its row keeps it from collection.
 */
export function createTiers(deps: TierDeps): Tiers {
  /** Calls share them, so they go on when one of those ends. */
  const warming = new Map<string, Promise<boolean>>();
  const warm = (key: ObjectKey): Promise<boolean> => {
    const name = `${key.orgId}/${key.sha256}`;
    const running =
      warming.get(name) ?? outsideCalls(() => warmOne(deps, key)).finally(() => warming.delete(name));
    warming.set(name, running);
    return running;
  };
  const { db, objects } = deps;
  return {
    cool: (content) => cool(deps, content),
    async warm(key) {
      await warm(key);
    },
    async find(key, since) {
      const cold = await findCold(db, key);
      if (!cold) return undefined;
      const isWarm = cold.coldSha256 === null ? cold.coolTime < since : await objects.head(key);
      return isWarm ? undefined : cold;
    },
    async completeMoves() {
      for (const key of await listMoving(db)) await deleteUncompressed(deps, key);
      for (const key of await listTouched(db)) await forgetCold(deps, key);
    },
    store: {
      ...objects,
      async get(key) {
        const stored = await objects.get(key);
        if (stored) return stored;
        await warm(key);
        // Also if it was not cold: another process may have brought it back since.
        return objects.get(key);
      },
    },
  };
}

async function cool(deps: TierDeps, content: StoredContent): Promise<number> {
  const { db, objects, reservations } = deps;
  const known = await findCold(db, content);
  if (known) return known.storedBytes;
  await using open = await createVerifiedContent(objects).open(content);
  await using reservation = await reservations.holdNothing(content);
  await using upload = await objects.startUpload({
    orgId: content.orgId,
    uploadId: reservation.id,
    expectedBytes: 0,
  });
  await writeAll(
    open.readAll(),
    createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: level } }),
    upload,
  );
  const packed = await upload.finish();
  if (packed.sizeBytes >= content.sizeBytes * worthwhile) return keepAsIs(deps, content);
  const row = { ...content, coldSha256: packed.sha256, storedBytes: packed.sizeBytes };
  if (await publish(db, { row, reservation, upload })) await deleteUncompressed(deps, content);
  return packed.sizeBytes;
}

async function keepAsIs({ db }: TierDeps, content: StoredContent): Promise<number> {
  await db.transaction(async (tx) => {
    await touchBlobs(tx, content, [content.sha256]);
    if (!(await findCold(tx, content))) {
      await insertCold(tx, { ...content, coldSha256: null, storedBytes: content.sizeBytes });
    }
  });
  return content.sizeBytes;
}

type Packed = {
  readonly row: Pick<ColdRow, "orgId" | "sha256" | "coldSha256" | "storedBytes">;
  readonly reservation: Reservation;
  readonly upload: ObjectUpload;
};

/** Returns false if another process has done it meanwhile. */
async function publish(db: Db, { row, reservation, upload }: Packed): Promise<boolean> {
  const isPublished = await db.transaction(async (tx) => {
    await reservation.take(tx);
    await touchBlobs(tx, row, [row.sha256, row.coldSha256 ?? row.sha256]);
    if (await findCold(tx, row)) return false;
    await upload.publish(() => false);
    await insertCold(tx, row);
    return true;
  });
  reservation.settled();
  return isPublished;
}

/** The bytes go only while the row says that they are compressed elsewhere. */
async function deleteUncompressed({ db, objects }: TierDeps, key: ObjectKey): Promise<void> {
  await db.transaction(async (tx) => {
    await touchBlobs(tx, key, [key.sha256]);
    const isWarm = async () => !(await findCold(tx, key))?.isMoving;
    if (await isWarm()) return;
    await objects.delete(key, isWarm);
    await setMoved(tx, key);
  });
}

/** Records content that was uploaded again as warm, unless it is just being cooled. */
async function forgetCold({ db, objects }: TierDeps, key: ObjectKey): Promise<void> {
  await db.transaction(async (tx) => {
    await touchBlobs(tx, key, [key.sha256]);
    const cold = await findCold(tx, key);
    if (cold?.coldSha256 && !cold.isMoving && (await objects.head(key))) await deleteCold(tx, key);
  });
}

/** Returns whether content was cold. */
async function warmOne({ db, objects, reservations }: TierDeps, key: ObjectKey): Promise<boolean> {
  const cold = await findCold(db, key);
  if (!cold) return false;
  if (cold.coldSha256 === null) {
    await deleteCold(db, key);
    return true;
  }
  await using packed = await objects.get({ orgId: key.orgId, sha256: cold.coldSha256 });
  if (!packed) throw contentCorrupt(key.sha256);
  await using reservation = await reservations.holdNothing(key);
  await using upload = await objects.startUpload({
    orgId: key.orgId,
    uploadId: reservation.id,
    expectedBytes: 0,
  });
  const bytes = packed.read({ start: 0, end: packed.sizeBytes });
  await writeAll(bytes, createZstdDecompress(), upload).catch((error) => {
    throw isDamage(error) ? contentCorrupt(key.sha256) : error;
  });
  if ((await upload.finish()).sha256 !== key.sha256) throw contentCorrupt(key.sha256);
  await db.transaction(async (tx) => {
    await reservation.take(tx);
    await touchBlobs(tx, key, [key.sha256, cold.coldSha256 ?? key.sha256]);
    await upload.publish(() => false);
    await deleteCold(tx, key);
  });
  reservation.settled();
  return true;
}

const isDamage = (error: unknown): boolean =>
  error instanceof Error && "code" in error && /^(ZSTD_|Z_|ERR_ZSTD)/.test(String(error.code));

/** Writes what a transformation makes of the chunks. */
async function writeAll(
  chunks: AsyncIterable<Uint8Array>,
  transform: NodeJS.ReadWriteStream,
  upload: ObjectUpload,
): Promise<void> {
  // A failure of the source destroys the transformation, whose reader throws it.
  pipeline(Readable.from(chunks, { objectMode: false }), transform, () => {});
  for await (const chunk of transform) await upload.write(chunk as Buffer);
}
