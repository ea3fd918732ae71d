import { AuthService } from "../../../gen/sluice/identity/v1/auth_pb.ts";
import type { File as StoredFile } from "../../../gen/sluice/storage/v1/files_pb.ts";
import type { Call } from "../../command/call.ts";
import { CommandError, interrupted } from "../../failures/command-error.ts";
import { exitCodes } from "../../failures/exit-codes.ts";
import { formatSize } from "../../terminal/value.ts";
import { createRetries, type Retries, withRetries } from "../retry.ts";
import type { UploadOptions } from "../upload.ts";
import { createPrefixHash, type LocalFile, openLocalFile, type PrefixHash } from "./local-file.ts";
import { createRemoteUpload, type RemoteUpload, UploadGoneError } from "./remote-upload.ts";
import { sendBytes } from "./send-bytes.ts";
import { type BegunUpload, openUploadRecord, type UploadRecord } from "./upload-record.ts";

/** A file of a path, and the name that it gets. */
export type UploadPath = { readonly name: string; readonly path: string };

/** An upload while it runs. */
export type Transfer = {
  readonly call: Call;
  readonly source: UploadPath;
  readonly options: UploadOptions;
  readonly retries: Retries;
  readonly remote: RemoteUpload;
  readonly local: LocalFile;
  readonly record: UploadRecord;
};

/** An upload that goes on at an offset. */
export type ActiveUpload = { readonly begun: BegunUpload; readonly hash: PrefixHash; offsetBytes: number };

const startsMax = 3;

/**
 * Uploads a file so that a later command continues it, whatever happens to this one. The whole is verified at the end; the file that is
 * returned has the bytes of the local one.
 */
export async function uploadResumable(
  call: Call,
  source: UploadPath,
  options: UploadOptions,
): Promise<StoredFile> {
  const { name } = source;
  const retries = createRetries(name, {
    signal: call.signal,
    report: options.report,
    retriesMax: options.retriesMax,
  });
  try {
    const { userId } = await withRetries(retries, async () =>
      (await call.client(AuthService)).whoAmI({}, { signal: call.signal }),
    );
    await using local = await openLocalFile(source.path);
    const { server } = await call.session();
    const { namespace = "", contentType = "" } = options;
    const identity = { server, userId, path: local.path, name, namespace, contentType };
    await using record = await openUploadRecord(call.settings.folder, identity);
    const remote = await createRemoteUpload(call, retries);
    const transfer = { call, source, options, retries, remote, local, record };
    return await uploadOrSayHow(transfer);
  } catch (error) {
    if (call.signal.aborted && !(error instanceof CommandError)) throw interrupted();
    throw error;
  }
}

async function uploadOrSayHow(transfer: Transfer): Promise<StoredFile> {
  const { call, source, options, record } = transfer;
  try {
    return await runUpload(transfer);
  } catch (error) {
    const isKept = (await record.read()) !== undefined;
    const how = `the same command goes on where it stopped, within 24 hours`;
    if (call.signal.aborted) throw interrupted(isKept ? how : undefined);
    if (isKept) options.report.note(`${source.name}: the upload is not complete; ${how}`);
    throw error;
  }
}

async function runUpload(transfer: Transfer): Promise<StoredFile> {
  for (let start = 1; ; start += 1) {
    const active = start === 1 && !transfer.options.restart ? await resume(transfer) : undefined;
    if (!active && start === 1) await forget(transfer);
    try {
      return await complete(transfer, active ?? (await begin(transfer)));
    } catch (error) {
      if (start === startsMax || !(error instanceof UploadGoneError)) throw error;
      await transfer.record.remove();
      transfer.options.report.note(
        `${transfer.source.name}: the server does not have the upload any more: it begins anew`,
      );
    }
  }
}

/** Removes what an earlier command has left, here and on the server. */
async function forget({ remote, record }: Transfer): Promise<void> {
  const begun = await record.read();
  if (begun) await remote.remove(begun.uploadId);
  await record.remove();
}

async function begin({ local, record, remote, source, options }: Transfer): Promise<ActiveUpload> {
  const { path, sizeBytes, modified } = local;
  const { namespace = "", contentType = "" } = options;
  const uploadId = await remote.create({ name: source.name, namespace, contentType, sizeBytes });
  const hash = createPrefixHash(local);
  const begun = { uploadId, path, sizeBytes, modified, sentBytes: 0, sentSha256: hash.digest() };
  await record.write(begun);
  return { begun, hash, offsetBytes: 0 };
}

/** The upload of an earlier command, if it can go on. Says why if it can't. */
async function resume(transfer: Transfer): Promise<ActiveUpload | undefined> {
  const { call, local, record, remote, options, source } = transfer;
  const begun = await record.read();
  if (!begun) return undefined;
  const { sizeBytes, modified } = local;
  const tellChange = () =>
    options.report.note(`${source.name} has changed since its upload was interrupted: it begins anew`);
  if (begun.sizeBytes !== sizeBytes || begun.modified !== modified) return void tellChange();
  const found = await remote.find(begun.uploadId, sizeBytes);
  if (!found) {
    options.report.note(`${source.name}: the interrupted upload has expired or was removed: it begins anew`);
    return undefined;
  }
  const hash = createPrefixHash(local);
  await hash.advanceTo(begun.sentBytes, call.signal);
  if (hash.digest() !== begun.sentSha256) return void tellChange();
  await hash.advanceTo(Math.max(hash.bytes, found.offsetBytes), call.signal);
  options.report.skip(found.offsetBytes);
  const where = `${formatSize(found.offsetBytes)} of ${formatSize(sizeBytes)}`;
  options.report.note(
    found.offsetBytes === sizeBytes
      ? `${source.name}: all bytes have arrived before`
      : `${source.name}: resumes at ${where}`,
  );
  return { begun, hash, offsetBytes: found.offsetBytes };
}

/** Sends what is missing, and verifies the file. */
async function complete(transfer: Transfer, active: ActiveUpload): Promise<StoredFile> {
  const { call, local, record, remote, source, options } = transfer;
  const { uploadId } = active.begun;
  await sendBytes(transfer, active);
  const file = await remote.file(uploadId);
  if (file.version !== 1) {
    await record.remove();
    throw new CommandError(`${source.name} was stored before, and has been changed on the server since`, {
      exitCode: exitCodes.conflict,
      advice: "nothing was sent: repeat the upload to store another file",
    });
  }
  await active.hash.advanceTo(local.sizeBytes, call.signal);
  const sha256 = active.hash.digest();
  const problem = (await local.hasChanged())
    ? `${source.name} has changed while it was uploaded`
    : file.sha256 !== sha256
      ? `${source.name} was stored with the hash ${file.sha256} instead of ${sha256}`
      : undefined;
  if (problem !== undefined) {
    await remote.removeFile(uploadId);
    await record.remove();
    throw new CommandError(problem, { advice: "it is removed again: repeat the upload" });
  }
  const described = await remote.describe(file, {
    tags: options.tags,
    properties: options.properties,
    folder: options.folder ?? "",
  });
  await record.remove();
  return described;
}
