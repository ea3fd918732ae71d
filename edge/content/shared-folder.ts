import { fstat, read } from "node:fs";
import { type FileHandle, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Code, type ConnectError } from "@connectrpc/connect";
import { ErrorReason } from "../../gen/sluice/common/v1/errors_pb.ts";
import type { Span } from "../../services/lib/content/byte-range.ts";
import { createDescriptors, type Lease } from "../../services/lib/content/descriptors.ts";
import { fileFingerprint } from "../../services/lib/content/file-fingerprint.ts";
import { createReadSizes } from "../../services/lib/content/read-sizes.ts";
import {
  openSpan,
  openStream,
  type Seal,
  SealBroken,
  segmentsOf,
} from "../../services/lib/content/sealed-content.ts";
import { sharedFolderIdFile } from "../../services/lib/content/shared-folder.ts";
import { failure } from "../../services/lib/rpc/errors.ts";

const mebibyte = 1024 * 1024;
const readSizes = createReadSizes({ most: mebibyte, least: 64 * 1024, total: 32 * mebibyte });

const pathForm = /^[A-Za-z0-9-]+(\/[A-Za-z0-9-]+)*$/;

/** A file that a service has verified, or whose content its seal proves. Spans are those of the content. */
export type VerifiedFile = {
  readonly path: string;
  readonly fingerprint: string;
  readonly seal?: Seal | undefined;
};

/** A folder of a service that the edge can read, so that contents need not pass through the mesh. */
export type SharedFolder = AsyncDisposable & {
  /** The id of the folder; undefined if it is missing. */
  findId(): Promise<string | undefined>;
  /** Opens a file; undefined if it is gone or was written to since it was verified. */
  open(file: VerifiedFile): Promise<OpenFile | undefined>;
  /** Reads a span at once; undefined as for `open`. Throws if the file is shorter, and contentCorrupt. */
  readOnce(file: VerifiedFile, span: Span): Promise<Buffer | undefined>;
};

export type OpenFile = AsyncDisposable & {
  /** Reads a span. Throws if the file is shorter, and contentCorrupt. */
  read(span: Span): AsyncGenerator<Uint8Array>;
};

export function createSharedFolder(directory: string): SharedFolder {
  const descriptors = createDescriptors();
  let id: string | undefined;
  const leaseOf = ({ path }: VerifiedFile): Promise<Lease | undefined> => {
    if (!pathForm.test(path)) throw new Error(`${path} is not a path in a shared folder`);
    return descriptors.lease(join(directory, path)).catch(() => undefined);
  };
  /** Reopens a file once, since it can have been replaced while it was open. */
  const withVerified = async <T>(file: VerifiedFile, use: (lease: Lease) => Promise<T | undefined>) => {
    for (let tries = 0; tries < 2; tries += 1) {
      const lease = await leaseOf(file);
      const used = lease && (await use(lease));
      if (!lease || used !== undefined) return used;
      descriptors.forget(join(directory, file.path));
    }
    return undefined;
  };
  return {
    async findId() {
      id ??= await readFile(join(directory, sharedFolderIdFile), "utf8").catch(() => undefined);
      return id;
    },
    open: (file) => withVerified(file, (lease) => openVerified(lease, file)),
    readOnce: (file, span) => withVerified(file, (lease) => readVerified(lease, file, span)),
    [Symbol.asyncDispose]: () => descriptors[Symbol.asyncDispose](),
  };
}

async function openVerified(
  lease: Lease,
  { fingerprint, seal }: VerifiedFile,
): Promise<OpenFile | undefined> {
  await using stack = new AsyncDisposableStack();
  stack.use(lease);
  if ((await fingerprintOf(lease.handle)) !== fingerprint) return undefined;
  const held = stack.move();
  return {
    read: (span) => (seal ? readSealed(lease.handle, seal, span) : readFrom(lease.handle, span)),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function readVerified(lease: Lease, file: VerifiedFile, span: Span): Promise<Buffer | undefined> {
  await using held = lease;
  const { seal } = file;
  const { start, end } = seal ? segmentsOf(span, seal.sizeBytes).sealed : span;
  // Both at once: each is a round trip to the thread pool.
  const [fingerprint, bytes] = await Promise.all([
    fingerprintOf(held.handle),
    readAt(held.handle, start, end - start),
  ]);
  if (fingerprint !== file.fingerprint) return undefined;
  if (bytes.byteLength < end - start) throw endsEarly(end - start - bytes.byteLength);
  return seal ? orCorrupt(() => openSpan(seal, span, bytes)) : bytes;
}

async function* readSealed(handle: FileHandle, seal: Seal, span: Span): AsyncGenerator<Uint8Array> {
  try {
    yield* openStream(seal, span, readFrom(handle, segmentsOf(span, seal.sizeBytes).sealed));
  } catch (error) {
    throw error instanceof SealBroken ? contentCorrupt() : error;
  }
}

function orCorrupt<T>(open: () => T): T {
  try {
    return open();
  } catch (error) {
    throw error instanceof SealBroken ? contentCorrupt() : error;
  }
}

// The callbacks of node:fs take half the time of its promises, which matters for small reads.

const fingerprintOf = ({ fd }: FileHandle): Promise<string> =>
  new Promise((resolve, reject) => {
    fstat(fd, { bigint: true }, (error, stats) => (error ? reject(error) : resolve(fileFingerprint(stats))));
  });

function readAt({ fd }: FileHandle, position: number, lengthBytes: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(lengthBytes);
  return new Promise((resolve, reject) => {
    read(fd, buffer, 0, lengthBytes, position, (error, bytesRead) =>
      error ? reject(error) : resolve(buffer.subarray(0, bytesRead)),
    );
  });
}

/** Reads one chunk ahead of the consumer. */
async function* readFrom(handle: FileHandle, { start, end }: Span): AsyncGenerator<Uint8Array> {
  using size = readSizes.begin();
  const readNext = (position: number) => {
    if (position >= end) return undefined;
    const reading = readAt(handle, position, Math.min(size.nextBytes(), end - position));
    // The consumer can stop before it awaits this read.
    reading.catch(() => undefined);
    return reading;
  };
  let position = start;
  let next = readNext(position);
  try {
    while (next) {
      const chunk = await next;
      if (chunk.byteLength === 0) throw endsEarly(end - position);
      position += chunk.byteLength;
      next = readNext(position);
      yield chunk;
    }
  } finally {
    // The file can be closed after this.
    await next?.catch(() => undefined);
  }
}

const endsEarly = (missingBytes: number) =>
  new Error(`a file in a shared folder ends ${missingBytes} bytes early`);

const contentCorrupt = (): ConnectError =>
  failure(Code.DataLoss, ErrorReason.CONTENT_CORRUPT, "the stored bytes are not those that were stored");
