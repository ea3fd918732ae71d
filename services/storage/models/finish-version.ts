import { ErrorReason } from "../../../gen/sluice/common/v1/errors_pb.ts";
import { everywhere } from "../../lib/database/scope.ts";
import { hasReason } from "../../lib/rpc/errors.ts";
import type { Inspection } from "./formats/inspect-file.ts";
import { inspectContent, summarise } from "./inspect-content.ts";
import type { VersionKey } from "./maintenance-repository.ts";
import { manifestHash } from "./manifest.ts";
import type { ModelDeps } from "./model-deps.ts";
import { recordModelEvents } from "./model-event.ts";
import { listSourceFiles, setInspection } from "./model-file-repository.ts";
import { releaseFiles } from "./remove-versions.ts";
import { endPending, type FullVersionRow, findVersionById } from "./version-repository.ts";

type FinishDeps = Pick<ModelDeps, "db" | "content">;

/**
 * Makes a pending version ready once all its files are there: verifies and inspects them, and compares the manifest of what
 * is stored with the announced one. Safe to repeat, also concurrently. A damaged file fails the version.
 */
export async function finishVersion(deps: FinishDeps, key: VersionKey): Promise<void> {
  const owner = everywhere(key);
  const version = await findVersionById(deps.db, owner, key.modelVersionId);
  if (version?.state !== "pending" || version.files.some(({ fileId }) => fileId === null)) return;
  const inspections = await inspectAll(deps, version).catch((error: unknown) => {
    if (hasReason(error, ErrorReason.CONTENT_CORRUPT)) return undefined;
    throw error;
  });
  if (!inspections) return failVersion(deps, version, "the stored bytes of a file are damaged");
  const inspected = version.files.map((file) => ({ ...file, ...inspections.get(file.path) }));
  await deps.db.transaction(async (tx) => {
    const summary = summarise(
      inspected.map(({ format, safety, sizeBytes }) => withoutNulls(format, safety, sizeBytes)),
    );
    if (!(await endPending(tx, owner, version.modelVersionId, { state: "ready", ...summary }))) return;
    for (const [path, inspection] of inspections) {
      await setInspection(tx, version.modelVersionId, path, inspection);
    }
    await recordModelEvents(tx, owner, version, [{ kind: "ready", version: version.version }]);
  });
}

const withoutNulls = (
  format: Inspection["format"] | null,
  safety: Inspection["safety"] | null,
  sizeBytes: number,
) => ({ sizeBytes, ...(format && { format }), ...(safety && { safety }) });

/** Fails a pending version, and deletes what has arrived of it. */
export async function failVersion(
  { db }: Pick<FinishDeps, "db">,
  version: FullVersionRow,
  stateMessage: string,
): Promise<void> {
  const owner = everywhere(version);
  await db.transaction(async (tx) => {
    const end = { state: "failed" as const, stateMessage };
    if (!(await endPending(tx, owner, version.modelVersionId, end))) return;
    await releaseFiles(tx, owner, version.modelVersionId);
    const event = { kind: "failed" as const, version: version.version, comment: stateMessage };
    await recordModelEvents(tx, owner, version, [event]);
  });
}

/** Inspections of the files that have none, by path. Throws contentCorrupt, also for another manifest. */
async function inspectAll(
  { db, content }: FinishDeps,
  version: FullVersionRow,
): Promise<Map<string, Inspection>> {
  const ids = version.files.flatMap(({ fileId }) => fileId ?? []);
  const rows = await listSourceFiles(db, everywhere(version), ids);
  const stored = version.files.flatMap(({ path, fileId, format }) => {
    const row = rows.get(fileId ?? "");
    return row ? [{ path, format, row }] : [];
  });
  const manifest = manifestHash(
    stored.map(({ path, row: { sha256, sizeBytes } }) => ({ path, sha256, sizeBytes })),
  );
  if (manifest !== version.manifestSha256) throw new Error("the stored files are not those of the manifest");
  const inspections = new Map<string, Inspection>();
  for (const { path, format, row } of stored) {
    if (format === null) inspections.set(path, await inspectContent(content, row));
  }
  return inspections;
}
