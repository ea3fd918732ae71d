import { Readable } from "node:stream";
import { DetailedError, Upload, type UploadOptions } from "tus-js-client";
import { expect, test } from "vitest";
import { FileService } from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { download, generated, mib, sha256, usage, usageOf } from "../storage/fixtures.ts";
import { idOf, newUser, startTus, tusPath } from "./lib/tus.ts";
import { uploadWithUppy } from "./lib/uppy-upload.mjs";

const scene = forFile(() => startTus());

function begin() {
  const { who, headers } = newUser();
  const { authorization = "" } = headers;
  return { who, headers: { authorization }, endpoint: scene().edge.url + tusPath };
}

/** Runs an upload of tus-js-client to its end, and resolves to its URL. */
function run(file: Buffer | Readable, options: UploadOptions): Promise<{ url: string; upload: Upload }> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(file, {
      retryDelays: null,
      ...options,
      onError: reject,
      onSuccess: () => resolve({ url: upload.url ?? "", upload }),
    });
    upload.start();
  });
}

async function expectStored(
  who: ReturnType<typeof begin>["who"],
  url: string,
  content: Buffer,
  name: string,
) {
  const fileId = idOf(url);
  const { file } = await scene().storage.client(FileService, who).getFile({ fileId });
  expect(file).toMatchObject({ name, sizeBytes: BigInt(content.length), sha256: sha256(content) });
  const { bytes } = await download(scene().storage, who, { fileId });
  expect(bytes.equals(content)).toBe(true);
  expect(await usageOf(scene().storage, who)).toEqual(usage(content.length, 1));
}

test.each<[string, UploadOptions]>([
  ["in one request", {}],
  ["in chunks of 300 KB", { chunkSize: 300_000 }],
  ["with the creation", { uploadDataDuringCreation: true }],
  ["with the creation, in chunks", { uploadDataDuringCreation: true, chunkSize: 300_000 }],
  ["in three parts at the same time", { parallelUploads: 3 }],
  ["in parts and chunks", { parallelUploads: 3, chunkSize: 200_000 }],
  ["with methods that proxies let through", { overridePatchMethod: true }],
])("OK: tus-js-client uploads a file %s", async (_how, options) => {
  const { who, headers, endpoint } = begin();
  const content = generated(2 * mib + 7);
  const metadata = { filename: "größe 🙂.bin", filetype: "application/x-thing" };
  const { url } = await run(content, { endpoint, headers, metadata, ...options });
  await expectStored(who, url, content, "größe 🙂.bin");
});

test("OK: tus-js-client uploads a stream of unknown length", async () => {
  const { who, headers, endpoint } = begin();
  const content = generated(mib + 7);
  const pieces = Array.from({ length: 11 }, (_, at) => content.subarray(at * 100_000, (at + 1) * 100_000));
  const { url } = await run(Readable.from(pieces, { objectMode: false }), {
    endpoint,
    headers,
    uploadLengthDeferred: true,
    chunkSize: 256_000,
    metadata: { filename: "stream" },
  });
  await expectStored(who, url, content, "stream");
});

test("OK: tus-js-client goes on with an upload that was aborted", async () => {
  const { who, headers, endpoint } = begin();
  const content = generated(2 * mib);
  const options = { endpoint, headers, chunkSize: 500_000, metadata: { filename: "twice" } };
  const url = await new Promise<string>((resolve, reject) => {
    const upload = new Upload(content, {
      ...options,
      onError: reject,
      onChunkComplete: async (_size, accepted) => {
        if (accepted < 1_000_000) return;
        await upload.abort();
        resolve(upload.url ?? "");
      },
    });
    upload.start();
  });
  const offsets: number[] = [];
  await run(content, { ...options, uploadUrl: url, onProgress: (sent) => void offsets.push(sent) });
  expect(Math.min(...offsets)).toBeGreaterThanOrEqual(1_000_000);
  await expectStored(who, url, content, "twice");
});

test("OK: tus-js-client terminates an upload", async () => {
  const { who, headers, endpoint } = begin();
  const upload = new Upload(generated(mib), { endpoint, headers, chunkSize: 100_000 });
  const created = new Promise<void>((resolve) => {
    upload.options.onChunkComplete = () => resolve();
  });
  upload.start();
  await created;
  await upload.abort(true);
  expect(await usageOf(scene().storage, who)).toEqual(usage(0, 0));
});

test("413: tus-js-client gets the error of an upload beyond the quota", async () => {
  const { headers, endpoint } = begin();
  const error = await run(Readable.from([]), { endpoint, headers, uploadSize: 2 ** 41, chunkSize: 1 }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DetailedError);
  expect((error as DetailedError).originalResponse?.getStatus()).toBe(413);
});

test("OK: Uppy uploads several files at the same time", async () => {
  const { who, headers, endpoint } = begin();
  const type = "application/x-thing";
  const given = [1, 2, 3].map((seed) => ({ name: `file ${seed}`, type, bytes: generated(mib + seed, seed) }));
  const options = { endpoint, headers, chunkSize: 300_000, retryDelays: [] };
  expect(await uploadWithUppy(options, given)).toBe(0);
  const { files } = await scene().storage.client(FileService, who).listFiles({ orderBy: "name asc" });
  expect(files.map(({ name, contentType, sha256 }) => [name, contentType, sha256])).toEqual(
    given.map(({ name, bytes }) => [name, type, sha256(bytes)]),
  );
});
