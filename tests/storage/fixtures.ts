import { createHash } from "node:crypto";
import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import type { HttpBody } from "../../gen/google/api/httpbody_pb.ts";
import { HttpHeadSchema } from "../../gen/sluice/common/v1/options_pb.ts";
import {
  type DownloadFileRequestSchema,
  type File,
  FileService,
  type UploadFileHeaderSchema,
  type UploadFileRequestSchema,
} from "../../gen/sluice/storage/v1/files_pb.ts";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import type { Principal } from "../../services/lib/rpc/principal.ts";
import type { StorageConfig } from "../../services/storage/config.ts";
import { type Limits, standardLimits } from "../../services/storage/limits.ts";
import type { ObjectStore } from "../../services/storage/objects/object-store.ts";
import { runWith } from "../../services/storage/run.ts";
import { missing } from "../lib/failure-of.ts";
import { createTestDatabase, type TestDatabase } from "../lib/test-database.ts";
import { meshKeys, type RunningService, startService, temporaryFolder } from "../lib/test-mesh.ts";
import { refuseDrift } from "./drift.ts";

export { failureOf, lacking } from "../lib/failure-of.ts";

export const kib = 1024;
export const mib = 1024 * kib;

/** Secret of the signed URLs of all storage processes in tests. */
export const urlSigningKey = Buffer.alloc(32, "a key of the tests");

/** Opens the object store of a storage service; by default the local disk. */
export type OpenStore = () => Promise<ObjectStore>;

/** Settings that differ from those of other tests. */
export type StorageOptions = Partial<Pick<StorageConfig, "vectorEngine" | "vectorCacheBytes">>;

export type Storage = RunningService & { database: TestDatabase; directory: string };

const storageConfig = (
  database: Pick<TestDatabase, "urls">,
  storageDirectory: string,
  identityAddress: string,
): StorageConfig => ({
  logLevel: "silent",
  grpcListen: "127.0.0.1:0",
  databaseUrl: database.urls.storage,
  meshPrivateKey: meshKeys.privateKeys.storage ?? "",
  meshTrustedKeys: meshKeys.publicKeys,
  meshFiles: undefined,
  storageDirectory,
  storageS3: undefined,
  lentFilesDirectory: join(storageDirectory, "lent"),
  publicUrl: "",
  urlSigningKey,
  urlSigningKeyPrevious: undefined,
  vectorEngine: "auto",
  vectorCacheBytes: 64 * mib,
  identityAddress,
  cache: { url: undefined, orgBytes: mib, totalBytes: 2 ** 30 },
  masterKey: undefined,
  previousMasterKeys: [],
  reserveBytes: 0,
  copyDirectory: undefined,
  scrubSchedule: { intervalMs: 0, bytesPerSecond: 2 ** 40 },
  orchestrationAddress: "127.0.0.1:1",
});

/**
 * A storage service with a new database and folder. It collects only if the test sets such limits. At the end, counters that
 * differ from the files are an error.
 */
export async function startStorage(
  limits: Partial<Limits> = {},
  openStore?: OpenStore,
  settings: Partial<StorageConfig> = {},
): Promise<Storage> {
  const database = await createTestDatabase();
  const folder = await temporaryFolder();
  const service = await startStorageIn(database, folder.path, limits, openStore, undefined, settings);
  return {
    ...service,
    database,
    directory: folder.path,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
      await refuseDrift(database.sql).finally(() => database[Symbol.asyncDispose]());
    },
  };
}

export function startStorageIn(
  database: Pick<TestDatabase, "urls">,
  directory: string,
  limits: Partial<Limits> = {},
  openStore?: OpenStore,
  identityAddress = "127.0.0.1:1",
  settings: Partial<StorageConfig> = {},
): Promise<RunningService> {
  const never = 2 ** 30;
  const quiet = {
    ...standardLimits,
    collectMs: never,
    searchMs: never,
    recountMs: never,
    vectorMaintenanceMs: never,
    lifecycleMs: never,
    ...limits,
  };
  const options = { limits: quiet, ...(openStore && { openStore }) };
  const config = { ...storageConfig(database, directory, identityAddress), ...settings };
  return startService(runWith(options), config);
}

type Header = MessageInitShape<typeof UploadFileHeaderSchema>;
type Part = MessageInitShape<typeof UploadFileRequestSchema>;

export const headerPart = (header: Header): Part => ({ part: { case: "header", value: header } });
export const chunkPart = (value: Uint8Array): Part => ({
  part: { case: "chunk", value: Uint8Array.from(value) },
});

export async function* parts(...given: Part[]): AsyncIterable<Part> {
  yield* given;
}

/** Uploads one content in chunks of at most 1 MiB. */
export async function upload(
  service: RunningService,
  who: Principal,
  { content = "some content", ...header }: { content?: string | Uint8Array } & Header = {},
): Promise<File> {
  const chunks = chunksOf(content).map((chunk) => chunkPart(chunk));
  const { file } = await service
    .client(FileService, who)
    .uploadFile(parts(headerPart({ name: "data.csv", ...header }), ...chunks));
  if (!file) throw new Error("no file");
  return file;
}

/** The bytes in chunks of at most 1 MiB. */
export function chunksOf(content: string | Uint8Array): Uint8Array[] {
  const bytes = Buffer.from(content);
  const count = Math.ceil(bytes.length / mib);
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * mib, (index + 1) * mib));
}

export type OpenUpload = {
  answer: Promise<File | undefined>;
  send(...parts: Part[]): void;
  end(): void;
  /** Disconnects in the middle, like a killed client. */
  abandon(): void;
};

/** An upload whose messages the test sends one by one. */
export function openUpload(service: RunningService, who: Principal, header: Header = {}): OpenUpload {
  const queue: Part[] = [headerPart({ name: "slow.bin", ...header })];
  let ended = false;
  let wake = () => {};
  async function* stream() {
    while (queue.length > 0 || !ended) {
      const next = queue.shift();
      if (next) yield next;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  const abort = new AbortController();
  const answer = service
    .client(FileService, who)
    .uploadFile(stream(), { signal: abort.signal })
    .then(({ file }) => file);
  answer.catch(() => {});
  return {
    answer,
    send(...added) {
      queue.push(...added);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    abandon: () => abort.abort(),
  };
}

type Download = { status: number; headers: Record<string, string>; contentType: string; bytes: Buffer };

export function download(
  service: RunningService,
  who: Principal,
  request: MessageInitShape<typeof DownloadFileRequestSchema>,
): Promise<Download> {
  return collectDownload(service.client(FileService, who).downloadFile(request));
}

/** Reads a signed URL as the edge does for a client without a credential. */
export function readSigned(
  service: RunningService,
  {
    url,
    ...request
  }: { url: string; range?: string; ifRange?: string; ifNoneMatch?: string; headOnly?: boolean },
): Promise<Download> {
  const token = url.slice(url.lastIndexOf("/") + 1);
  return collectDownload(service.client(FileService, undefined).readSigned({ token, ...request }));
}

async function collectDownload(bodies: AsyncIterable<HttpBody>): Promise<Download> {
  const chunks: Uint8Array[] = [];
  let head: Omit<Download, "bytes"> | undefined;
  for await (const body of bodies) {
    if (!head) {
      const packed = body.extensions[0];
      const unpacked = packed && anyUnpack(packed, HttpHeadSchema);
      if (!unpacked) throw new Error("the first message has no head");
      head = { status: unpacked.status, headers: unpacked.headers, contentType: body.contentType };
    }
    chunks.push(body.data);
  }
  if (!head) throw new Error("no message");
  return { ...head, bytes: Buffer.concat(chunks) };
}

export async function usageOf(service: RunningService, who: Principal) {
  const { usedBytes, reservedBytes, fileCount } = await service.client(QuotaService, who).getUsage({});
  return { usedBytes, reservedBytes, fileCount };
}

export const usage = (usedBytes: number, fileCount: number, reservedBytes = 0) => ({
  usedBytes: BigInt(usedBytes),
  reservedBytes: BigInt(reservedBytes),
  fileCount: BigInt(fileCount),
});

export async function setQuota(service: RunningService, who: Principal, limitBytes: number): Promise<void> {
  await service.client(QuotaService, who).setQuota({ quota: { limitBytes: BigInt(limitBytes) } });
}

/** Paths of all files in a storage folder, except its id. */
export async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => path !== "id")
    .sort();
}

export const hashOf = (algorithm: "sha256" | "sha512", content: string | Uint8Array): string =>
  createHash(algorithm).update(content).digest("hex");

export const sha256 = (content: string | Uint8Array): string => hashOf("sha256", content);

/** Path of an organisation's object in the storage folder. */
export const blobPath = ({ orgId }: Pick<Principal, "orgId">, hash: string): string =>
  `objects/${orgId}/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${hash}`;

/** Damages one byte of a file in place. */
export async function flipByte(path: string, position: number): Promise<void> {
  await using handle = await open(path, "r+");
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, position);
  await handle.write(
    buffer.map((byte) => byte ^ 1),
    0,
    1,
    position,
  );
}

/** Bytes that depend on the position and the seed. */
export function generated(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let state = seed >>> 0 || 1;
  for (let index = 0; index < sizeBytes; index += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}

export const fileMissing = (fileId: string) => missing("file", fileId);
