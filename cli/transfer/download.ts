import { createHash } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import type { Call } from "../command/call.ts";
import { CommandError, interrupted, usageError } from "../failures/command-error.ts";
import { exitCodes } from "../failures/exit-codes.ts";
import { formatSize } from "../terminal/value.ts";
import type { TransferReport } from "./byte-progress.ts";
import { exists, hashOf, lockDownload, partOf, removeOtherParts, sizeOf } from "./part-file.ts";
import { isChanged, type Read, readFrom, type Stored } from "./read-from.ts";
import { createRetries, type Retries, withRetries } from "./retry.ts";

export type DownloadOptions = {
  /** Whether an existing file may be replaced. */
  readonly force: boolean;
  /** Attempts after a lost connection. */
  readonly retriesMax: number;
  readonly report: TransferReport;
  /** Default: by the file's id. */
  readonly read?: Read;
};

const startsMax = 3;

/**
 * Downloads a file to a path. The bytes are collected beside it in a file of their own, which a repeated download continues; the final name
 * appears when the hash of all bytes is right.
 */
export async function download(
  call: Call,
  file: Stored,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const { report, retriesMax } = options;
  await using _lock = await lockDownload(path, file);
  if (await isComplete(path, file)) return report.skip(Number(file.sizeBytes));
  await refuseExisting(path, options);
  const retries = createRetries(file.name, { signal: call.signal, report, retriesMax });
  try {
    const part = await collect(call, file, path, { ...options, retries });
    await refuseExisting(path, options);
    await rename(part, path);
  } catch (error) {
    if (call.signal.aborted) throw interrupted("the same command goes on where it stopped");
    throw error;
  }
}

type Collecting = DownloadOptions & { readonly retries: Retries };

/** Collects all bytes of the file as it is on the server at the end. Returns the path of the part file. */
async function collect(call: Call, first: Stored, path: string, options: Collecting): Promise<string> {
  const { report, retries } = options;
  const tellChange = () => report.note(`${first.name} has changed on the server: its download begins anew`);
  let file = first;
  if (await removeOtherParts(path, file)) tellChange();
  for (let start = 1; ; start += 1) {
    const part = partOf(path, file);
    try {
      await append(call, file, part, options);
      await verify(part, file);
      return part;
    } catch (error) {
      if (start === startsMax || !isChanged(error)) throw error;
      report.skip(-(await sizeOf(part)));
      await rm(part, { force: true });
      const client = await call.client(FileService);
      const { file: changed } = await withRetries(retries, () =>
        client.getFile({ fileId: first.fileId }, { signal: call.signal }),
      );
      file = changed ?? file;
      tellChange();
    }
  }
}

/** Appends what is missing to a part file. */
async function append(
  call: Call,
  file: Stored,
  part: string,
  { report, retries, read }: Collecting,
): Promise<void> {
  await using output = await open(part, "a");
  const offsetBytes = await sizeOf(part);
  if (offsetBytes > 0) {
    report.skip(offsetBytes);
    report.note(`${file.name}: resumes at ${formatSize(offsetBytes)} of ${formatSize(file.sizeBytes)}`);
  }
  for await (const data of readFrom(call, file, { offsetBytes, retries, read })) {
    await output.writeFile(data);
    report.advance(data.length);
  }
}

/** Streams a file to standard output, or elsewhere, and verifies it at the end. */
export async function downloadTo(
  call: Call,
  file: Stored,
  {
    write,
    retriesMax,
    report,
  }: Pick<DownloadOptions, "retriesMax" | "report"> & {
    write(data: Uint8Array): Promise<void>;
  },
): Promise<void> {
  const hash = createHash("sha256");
  const retries = createRetries(file.name, { signal: call.signal, report, retriesMax });
  try {
    for await (const data of readFrom(call, file, { offsetBytes: 0, retries })) {
      hash.update(data);
      await write(data);
    }
  } catch (error) {
    throw isChanged(error) ? changed(file.name) : error;
  }
  if (hash.digest("hex") !== file.sha256) throw damaged(file.name, "do not use what was written");
}

async function verify(part: string, { name, sha256 }: Stored): Promise<void> {
  if ((await hashOf(part)) === sha256) return;
  await rm(part);
  throw damaged(name, "nothing was kept: repeat the command");
}

/** Whether an earlier command has downloaded the file. */
const isComplete = async (path: string, { sha256, sizeBytes }: Stored): Promise<boolean> =>
  (await sizeOf(path)) === Number(sizeBytes) && (await exists(path)) && (await hashOf(path)) === sha256;

async function refuseExisting(path: string, { force }: Pick<DownloadOptions, "force">): Promise<void> {
  if (!force && (await exists(path)))
    throw usageError(`${path} exists`, "choose another name with --output, or add --force");
}

const damaged = (name: string, advice: string) =>
  new CommandError(`the bytes of ${name} do not have the hash of the file`, {
    exitCode: exitCodes.failure,
    advice,
  });

const changed = (name: string) =>
  new CommandError(`${name} has changed on the server while it was downloaded`, {
    exitCode: exitCodes.conflict,
    advice: "do not use what was written: repeat the command",
  });
