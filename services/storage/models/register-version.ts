import { AuditKind } from "../../../gen/sluice/storage/v1/audit_pb.ts";
import type { RegisterModelVersionRequest } from "../../../gen/sluice/storage/v1/models_pb.ts";
import type { Db } from "../../lib/database/database.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { newId } from "../../lib/values/ids.ts";
import { recordEvents } from "../audit/record-event.ts";
import { touchBlobs } from "../blob-repository.ts";
import { fileNotFound } from "../errors.ts";
import { insertFiles } from "../file-repository.ts";
import { addUsage } from "../quota/usage.ts";
import { summarise } from "./inspect-content.ts";
import { sortFiles } from "./manifest.ts";
import { modelEvent } from "./model-event.ts";
import { insertVersionFiles, lockSourceFiles, type NewVersionFile } from "./model-file-repository.ts";
import { metricTexts } from "./model-message.ts";
import { type Prepared, type PreparedFile, readScope } from "./prepare-files.ts";
import { insertRegistration } from "./registration-repository.ts";
import type { FullVersionRow, VersionFile } from "./version-repository.ts";

/** Registers a version in the caller's transaction. It is ready at once if all its files are verified. */
export async function registerVersion(
  tx: Db,
  scope: Scope,
  request: RegisterModelVersionRequest,
  { files, manifestSha256 }: Prepared,
): Promise<FullVersionRow> {
  const modelVersionId = newId();
  const { modelName, namespace } = request;
  const { userId } = scope.principal;
  const isReady = files.every(({ inspection }) => inspection !== undefined);
  const row = await insertRegistration(tx, scope, {
    modelName,
    namespace,
    version: {
      modelVersionId,
      state: isReady ? "ready" : "pending",
      stateMessage: "",
      manifestSha256,
      fileCount: files.length,
      sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      creatorUserId: userId,
      ...(isReady ? summarise(files.map(inspected)) : { format: null, safety: null }),
      ...saidOf(request),
    },
    announced: files.filter(({ source }) => !source).map((file) => versionFile(modelVersionId, file)),
    events: [{ kind: "registered", userId }, ...(isReady ? [{ kind: "ready" as const }] : [])],
  });
  const fileIds = await storeFiles(tx, scope, { modelVersionId, namespace: row.namespace, files });
  const details = { version: row.version };
  await recordEvents(tx, scope, modelEvent(AuditKind.MODEL_VERSION_REGISTERED, row, details));
  const listed = files.map((file) => versionFile(modelVersionId, file, fileIds.get(file.path)));
  return { ...row, modelName, aliases: [], files: sortFiles(listed).map(asRead) };
}

/** A new file, as a later read returns it. */
const asRead = ({
  path,
  sha256,
  sizeBytes,
  fileId,
  format,
  safety,
  findings,
}: NewVersionFile): VersionFile => ({
  path,
  sha256,
  sizeBytes,
  fileId: fileId ?? null,
  format: format ?? null,
  safety: safety ?? null,
  findings: findings ?? [],
  downloadCount: 0,
});

const inspected = ({ sizeBytes, inspection }: PreparedFile) => ({ sizeBytes, ...inspection });

/** What the caller says about the version. */
const saidOf = (request: RegisterModelVersionRequest) => ({
  description: request.description,
  card: request.card,
  algorithm: request.algorithm,
  metrics: metricTexts(request.metrics),
  parameters: request.parameters,
  tags: request.tags,
  signature: request.signature
    ? { inputs: request.signature.inputs.map(field), outputs: request.signature.outputs.map(field) }
    : null,
  stagingJobId: request.stagingJobId === "" ? null : request.stagingJobId.toLowerCase(),
  datasetIds: [...new Set(request.datasetIds.map((id) => id.toLowerCase()))],
  lineagePending: request.stagingJobId !== "" || request.datasetIds.length > 0,
});

const field = ({ name, type }: { name: string; type: string }) => ({ name, type });

const versionFile = (
  modelVersionId: string,
  { path, sha256, sizeBytes, inspection }: PreparedFile,
  fileId = null as string | null,
): NewVersionFile => ({ modelVersionId, path, sha256, sizeBytes, fileId, ...inspection });

/** Creates files of the version on the content of stored ones, which the quota counts. Returns their ids by path. */
async function storeFiles(
  tx: Db,
  scope: Scope,
  version: { modelVersionId: string; namespace: string; files: readonly PreparedFile[] },
): Promise<Map<string, string>> {
  const sources = version.files.flatMap(({ path, source }) => (source ? [{ path, source }] : []));
  if (sources.length === 0) return new Map();
  const ids = sources.map(({ source }) => source.fileId);
  // A source that stays keeps its bytes from collection.
  const locked = await lockSourceFiles(tx, readScope(scope, "storage.files.read"), ids);
  const gone = ids.find((id) => !locked.has(id));
  if (gone !== undefined) throw fileNotFound(gone);
  await touchBlobs(
    tx,
    scope,
    sources.map(({ source }) => source.sha256),
  );
  const added = sources.map(({ path, source }) => ({
    path,
    fileId: newId(),
    name: path.slice(path.lastIndexOf("/") + 1),
    contentType: source.contentType,
    sizeBytes: source.sizeBytes,
    sha256: source.sha256,
    namespace: version.namespace,
    modelVersionId: version.modelVersionId,
  }));
  await insertFiles(
    tx,
    added.map(({ path: _path, ...file }) => ({ scope, file })),
  );
  const fileIds = new Map(added.map(({ path, fileId }) => [path, fileId]));
  const stored = version.files.filter(({ source }) => source !== undefined);
  await insertVersionFiles(
    tx,
    stored.map((file) => versionFile(version.modelVersionId, file, fileIds.get(file.path))),
  );
  // Last, because registrations of an organisation wait for each other here.
  await addUsage(tx, scope.orgId, added);
  return fileIds;
}
