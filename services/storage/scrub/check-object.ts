import { createHash } from "node:crypto";
import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { ObjectKey, ObjectStore, OpenObject } from "../objects/object-store.ts";
import type { FindingKind } from "./scrub-repository.ts";
import { findRecorded, type RecordedObject } from "./stored-repository.ts";

export type CheckDeps = {
  readonly db: Db;
  readonly objects: Pick<ObjectStore, "get" | "head">;
  /** Called with the bytes of each chunk; resolves when the next one may be read. */
  readonly spend: (bytes: number) => Promise<void>;
  readonly signal: AbortSignal;
};

/** What is wrong with an object, and what the database said about it then. */
export type Fault = { readonly kind: FindingKind; readonly recorded: RecordedObject };

/** An object is checked again if it or its files have changed meanwhile. */
const checksMax = 3;

/** Compares an object with its hash and its files. Undefined if nothing is wrong. */
export async function checkObject(deps: CheckDeps, listed: RecordedObject): Promise<Fault | undefined> {
  let recorded: RecordedObject | undefined = listed;
  for (let checks = 0; recorded && checks < checksMax; checks += 1) {
    const { kind, fingerprint } = await examine(deps, recorded);
    if (!kind) return undefined;
    const current: RecordedObject | undefined = await findRecorded(deps.db, recorded);
    const isSame = (await deps.objects.head(recorded).catch(() => undefined))?.fingerprint === fingerprint;
    if (current && isSame && kindBefore(current, kind)) return { kind, recorded: current };
    recorded = current;
  }
  return undefined;
}

/** Whether the finding still holds for what the database says now. */
const kindBefore = ({ fileCount, isFound }: RecordedObject, kind: FindingKind): boolean =>
  kind === "unknown" ? fileCount === 0 && isFound : kind !== "missing" || fileCount > 0;

type Examined = { readonly kind: FindingKind | undefined; readonly fingerprint: string | undefined };

async function examine(deps: CheckDeps, recorded: RecordedObject): Promise<Examined> {
  const object = await deps.objects.get(recorded);
  if (!object) return { kind: recorded.fileCount > 0 ? "missing" : undefined, fingerprint: undefined };
  await using open = object;
  const { fingerprint } = open;
  if (recorded.fileCount === 0 && recorded.isFound) return { kind: "unknown", fingerprint };
  if (recorded.sizeBytes !== undefined && open.sizeBytes !== recorded.sizeBytes) {
    return { kind: "wrong_size", fingerprint };
  }
  return { kind: (await hasHash(deps, recorded, open)) ? undefined : "corrupt", fingerprint };
}

/** Whether an object has the hash of its key. False if it can't be read or decrypted. */
async function hasHash(
  { spend, signal }: Pick<CheckDeps, "spend" | "signal">,
  { sha256 }: ObjectKey,
  object: OpenObject,
): Promise<boolean> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of object.read({ start: 0, end: object.sizeBytes })) {
      signal.throwIfAborted();
      hash.update(chunk);
      await spend(chunk.length);
    }
  } catch (error) {
    if (hasReason(error, ErrorReason.CONTENT_CORRUPT)) return false;
    throw error;
  }
  return hash.digest("hex") === sha256;
}
