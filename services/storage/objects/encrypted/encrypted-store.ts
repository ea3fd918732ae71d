import { LRUCache } from "lru-cache";
import type { Span } from "../../../lib/content/byte-range.ts";
import {
  clipped,
  openStream,
  type Seal,
  SealBroken,
  segmentsOf,
} from "../../../lib/content/sealed-content.ts";
import { contentCorrupt } from "../../errors.ts";
import type { IsSound, ObjectHead, ObjectKey, ObjectStore, OpenObject } from "../object-store.ts";
import type { OrgKeys } from "./org-keys.ts";
import { sealWhole } from "./seal-content.ts";
import { startSealedUpload } from "./sealed-upload.ts";
import { decodeTrailer, encodeTrailer, keyIdOf, trailerBytes } from "./trailer.ts";

/** Most seals in memory. Each saves the read of an object's last bytes. */
const sealsMax = 20_000;

/** How the bytes with a fingerprint are stored; `seal` is undefined for plain ones. */
type Stored = { readonly fingerprint: string; readonly seal: Seal | undefined };

type Reading = {
  readonly store: Pick<ObjectStore, "get">;
  readonly keys: OrgKeys;
  readonly stored: LRUCache<string, Stored>;
};

type Encrypted = Reading & { readonly store: ObjectStore };

/**
 * Encrypts the objects of a store. Each object has a random key of its own, which seals its content in segments; the key is
 * at the object's end, wrapped by a key of the organisation. Objects that were stored before are read as they are.
 *
 * An object carries its wrapped key, so it becomes readable in the moment in which it becomes visible. A key in a row would
 * have to be committed with the object's publication: a process that died between the two would leave an object whose key is
 * lost, in the place of one that files use.
 */
export function createEncryptedStore(store: ObjectStore, keys: OrgKeys): ObjectStore {
  const reading = readingOf(store, keys);
  const encrypted: Encrypted = { ...reading, store };
  return {
    ...store,
    put: (key, bytes, isSound) => put(encrypted, key, bytes, isSound),
    startUpload: async (start) =>
      startSealedUpload(store, start, {
        orgKey: await keys.current(start.orgId),
        soundOf: (key, isSound) => soundOf(encrypted, key, isSound),
      }),
    head: (key) => headOf(encrypted, key),
    get: (key) => get(encrypted, key),
  };
}

/** Decrypts the objects of a store that is only read. */
export function createDecryptedCopy(
  store: Pick<ObjectStore, "get">,
  keys: OrgKeys,
): Pick<ObjectStore, "get"> {
  const reading = readingOf(store, keys);
  return { get: (key) => get(reading, key) };
}

const readingOf = (store: Pick<ObjectStore, "get">, keys: OrgKeys): Reading => ({
  store,
  keys,
  stored: new LRUCache({ max: sealsMax }),
});

async function put(
  encrypted: Encrypted,
  key: ObjectKey,
  bytes: Uint8Array,
  isSound: IsSound,
): Promise<string> {
  const isRawSound = await soundOf(encrypted, key, isSound);
  const { dataKey, sealed } = sealWhole(bytes, trailerBytes);
  const orgKey = await encrypted.keys.current(key.orgId);
  const trailer = encodeTrailer(key, { dataKey, sizeBytes: bytes.length }, orgKey);
  trailer.copy(sealed, sealed.length - trailerBytes);
  return encrypted.store.put(key, sealed, isRawSound);
}

/** Whether the stored bytes may stay, for the store: it knows them by their fingerprint and their sealed size. */
async function soundOf(encrypted: Encrypted, key: ObjectKey, isSound: IsSound): Promise<IsSound> {
  const existing = await headOf(encrypted, key);
  const isKept = existing !== undefined && isSound(existing);
  return ({ fingerprint }) => isKept && fingerprint === existing.fingerprint;
}

async function headOf(encrypted: Encrypted, key: ObjectKey): Promise<ObjectHead | undefined> {
  const head = await encrypted.store.head(key);
  const known = encrypted.stored.get(textOf(key));
  if (!head || known?.fingerprint === head.fingerprint) return head && plainHead(head, known?.seal);
  await using object = await encrypted.store.get(key);
  return object && plainHead(object, await sealOf(encrypted, key, object));
}

const plainHead = ({ fingerprint, sizeBytes }: ObjectHead, seal: Seal | undefined): ObjectHead => ({
  fingerprint,
  sizeBytes: seal?.sizeBytes ?? sizeBytes,
});

async function get(encrypted: Reading, key: ObjectKey): Promise<OpenObject | undefined> {
  const object = await encrypted.store.get(key);
  if (!object) return undefined;
  try {
    const seal = await sealOf(encrypted, key, object);
    return seal ? openSealed(key, object, seal) : object;
  } catch (error) {
    await object[Symbol.asyncDispose]();
    throw error;
  }
}

const openSealed = (key: ObjectKey, object: OpenObject, seal: Seal): OpenObject => ({
  ...plainHead(object, seal),
  seal,
  read: (range) => readSealed(key, object, seal, range),
  [Symbol.asyncDispose]: object[Symbol.asyncDispose],
});

/** The seal of stored bytes; undefined for plain ones. */
async function sealOf(
  { keys, stored }: Reading,
  key: ObjectKey,
  object: OpenObject,
): Promise<Seal | undefined> {
  const { fingerprint } = object;
  const known = stored.get(textOf(key));
  if (known?.fingerprint === fingerprint) return known.seal;
  const seal = await readSeal(keys, key, object);
  stored.set(textOf(key), { fingerprint, seal });
  return seal;
}

async function readSeal(keys: OrgKeys, key: ObjectKey, object: OpenObject): Promise<Seal | undefined> {
  const { sizeBytes } = object;
  if (sizeBytes < trailerBytes) return undefined;
  const end = { start: sizeBytes - trailerBytes, end: sizeBytes };
  const trailer = Buffer.concat(await Array.fromAsync(object.read(end)));
  const keyId = keyIdOf(trailer);
  if (keyId === undefined) return undefined;
  const orgKey = await keys.find(key.orgId, keyId);
  return orgKey && decodeTrailer(trailer, key, orgKey);
}

async function* readSealed(
  { sha256 }: ObjectKey,
  object: OpenObject,
  seal: Seal,
  range: Span,
): AsyncGenerator<Uint8Array, void> {
  const span = clipped(range, seal.sizeBytes);
  if (span.start === span.end) return;
  try {
    yield* openStream(seal, span, object.read(segmentsOf(span, seal.sizeBytes).sealed));
  } catch (error) {
    throw error instanceof SealBroken ? contentCorrupt(sha256) : error;
  }
}

const textOf = ({ orgId, sha256 }: ObjectKey): string => `${orgId}/${sha256}`;
