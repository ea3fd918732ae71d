import type { NewModelFile, RegisterModelVersionRequest } from "../../../gen/sluice/storage/v1/models_pb.ts";
import { invalidField } from "../../lib/rpc/errors.ts";
import type { Scope } from "../../lib/rpc/guard.ts";
import { namespacesOf } from "../../lib/rpc/permissions.ts";
import { fileNotFound } from "../errors.ts";
import type { FileRow } from "../file-repository.ts";
import type { Inspection } from "./formats/inspect-file.ts";
import { inspectContent } from "./inspect-content.ts";
import { type ManifestFile, manifestHash } from "./manifest.ts";
import type { ModelDeps } from "./model-deps.ts";
import { fileMismatch, stagingJobNotFound } from "./model-errors.ts";
import { hasStagedFiles, listSourceFiles } from "./model-file-repository.ts";

/** A file to register, with the stored one and what it is. */
export type PreparedFile = ManifestFile & {
  readonly source?: FileRow;
  /** Absent for a file that has not arrived, and for one that is verified later. */
  readonly inspection?: Inspection;
};
export type Prepared = { readonly files: readonly PreparedFile[]; readonly manifestSha256: string };

/** Files are verified within the call up to this size together, in bytes; later ones by the maintenance. */
const verifiedBytesMax = 256 * 1024 * 1024;

/** The scope in which a caller may read files or staging jobs. */
export const readScope = (scope: Scope, permission: "storage.files.read" | "staging.read"): Scope => ({
  ...scope,
  namespaces: namespacesOf(scope.principal, permission),
});

/** Checks the files of a registration, and verifies and inspects those that are stored. It changes nothing. */
export async function prepareFiles(
  { db, content }: Pick<ModelDeps, "db" | "content">,
  scope: Scope,
  { files, manifestSha256, stagingJobId }: RegisterModelVersionRequest,
): Promise<Prepared> {
  refuseRepeatedPaths(files);
  const ids = files.map(({ fileId }) => fileId.toLowerCase()).filter((fileId) => fileId !== "");
  const sources = await listSourceFiles(db, readScope(scope, "storage.files.read"), ids);
  const checked = files.map((file, index) => checkFile(file, index, sources));
  const computed = manifestHash(checked);
  if (manifestSha256 !== "" && manifestSha256 !== computed) {
    throw fileMismatch("manifest_sha256", manifestSha256, computed);
  }
  await requireStagingJob(db, scope, stagingJobId);
  let restBytes = verifiedBytesMax;
  const prepared: PreparedFile[] = [];
  for (const file of checked) {
    const { source } = file;
    restBytes -= source ? source.sizeBytes : 0;
    const inspection = source && restBytes >= 0 ? await inspectContent(content, source) : undefined;
    prepared.push({ ...file, ...(inspection && { inspection }) });
  }
  return { files: prepared, manifestSha256: computed };
}

function refuseRepeatedPaths(files: readonly NewModelFile[]): void {
  const paths = new Set<string>();
  for (const [index, { path }] of files.entries()) {
    if (paths.has(path))
      throw invalidField(`files[${index}].path`, `${path} is the path of another file, too`);
    paths.add(path);
  }
}

function checkFile(
  { path, fileId, sha256, sizeBytes }: NewModelFile,
  index: number,
  sources: ReadonlyMap<string, FileRow>,
): PreparedFile {
  const field = `files[${index}]`;
  if (fileId === "") {
    if (sha256 === "") throw invalidField(`${field}.sha256`, "is required for a file without file_id");
    if (sizeBytes === undefined)
      throw invalidField(`${field}.size_bytes`, "is required for a file without file_id");
    return { path, sha256, sizeBytes: Number(sizeBytes) };
  }
  const source = sources.get(fileId.toLowerCase());
  if (!source) throw fileNotFound(fileId);
  if (sha256 !== "" && sha256 !== source.sha256) throw fileMismatch(`${field}.sha256`, sha256, source.sha256);
  if (sizeBytes !== undefined && Number(sizeBytes) !== source.sizeBytes) {
    throw fileMismatch(`${field}.size_bytes`, String(sizeBytes), String(source.sizeBytes));
  }
  return { path, sha256: source.sha256, sizeBytes: source.sizeBytes, source };
}

async function requireStagingJob(db: ModelDeps["db"], scope: Scope, jobId: string): Promise<void> {
  if (jobId === "") return;
  if (!(await hasStagedFiles(db, readScope(scope, "staging.read"), jobId.toLowerCase())))
    throw stagingJobNotFound(jobId);
}
