import { randomUUID } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  BlobService,
  type PutBlobHeaderSchema,
  type PutBlobRequestSchema,
  type PutBlobResponse,
} from "../../gen/sluice/storage/v1/blobs_pb.ts";
import { type File, FileCategory, FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import {
  type PublishReleaseResponse,
  type ReleaseFileSchema,
  ReleaseService,
} from "../../gen/sluice/storage/v1/releases_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { RunningService } from "../lib/test-mesh.ts";
import { chunksOf } from "./fixtures.ts";

/** Stores one content as staging does on behalf of `who`. */
export function putBlob(
  service: RunningService,
  who: Principal,
  {
    content = "some rows",
    ...header
  }: { content?: string | Uint8Array } & MessageInitShape<typeof PutBlobHeaderSchema> = {},
): Promise<PutBlobResponse> {
  async function* messages(): AsyncIterable<MessageInitShape<typeof PutBlobRequestSchema>> {
    yield { part: { case: "header", value: { name: "part.parquet", ownerId: randomUUID(), ...header } } };
    for (const value of chunksOf(content)) yield { part: { case: "chunk", value: Uint8Array.from(value) } };
  }
  return service.client(BlobService, who, "staging").putBlob(messages());
}

/** A staged file with its path in a release and its owner. */
export type StagedFile = { ownerId: string; fileId: string; path: string; sha256: string; sizeBytes: bigint };

/** Stages a file for a release, with a new owner. */
export async function stagedFile(
  service: RunningService,
  who: Principal,
  { path, content = path }: { path: string; content?: string | Uint8Array },
): Promise<StagedFile> {
  const ownerId = randomUUID();
  const name = path.slice(path.lastIndexOf("/") + 1);
  const { fileId, sha256, sizeBytes } = await putBlob(service, who, { name, ownerId, content });
  return { ownerId, fileId, path, sha256, sizeBytes };
}

export type ReleaseFileInit = MessageInitShape<typeof ReleaseFileSchema>;

/** Publishes a release as approval does on behalf of `who`. */
export function publish(
  service: RunningService,
  who: Principal,
  files: ReleaseFileInit[],
  {
    releaseId = randomUUID(),
    process = "approval",
    ...call
  }: { releaseId?: string; process?: string; signal?: AbortSignal } = {},
): Promise<PublishReleaseResponse> {
  return service.client(ReleaseService, who, process).publishRelease({ releaseId, files }, call);
}

/** Files of all releases, by path. */
export async function releasedFiles(service: RunningService, who: Principal): Promise<File[]> {
  const request = { category: FileCategory.RELEASE, pageSize: 1000 };
  const { files } = await service.client(FileService, who).listFiles(request);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}
