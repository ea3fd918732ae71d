import type { MessageInitShape } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  FileService,
  type UploadFileHeaderSchema,
  type UploadFilesRequestSchema,
} from "../../gen/sluice/storage/v1/files_pb.ts";
import { forFile } from "../lib/for-file.ts";
import { principal } from "../lib/test-mesh.ts";
import {
  chunksOf,
  download,
  failureOf,
  filesIn,
  generated,
  mib,
  setQuota,
  sha256,
  startStorage,
  usage,
  usageOf,
} from "./fixtures.ts";

const storage = forFile(startStorage);

type Given = MessageInitShape<typeof UploadFileHeaderSchema> & { content: string | Uint8Array };

async function* messages(
  files: readonly Given[],
): AsyncGenerator<MessageInitShape<typeof UploadFilesRequestSchema>> {
  for (const { content, ...header } of files) {
    yield { part: { case: "header", value: header } };
    for (const chunk of chunksOf(content)) yield { part: { case: "chunk", value: Uint8Array.from(chunk) } };
  }
}

async function uploadFiles(who: ReturnType<typeof principal>, ...files: Given[]) {
  const { files: stored } = await storage().client(FileService, who).uploadFiles(messages(files));
  return stored;
}

test("OK: all files in the order of the request, small and large, empty and equal ones", async () => {
  const who = principal();
  const large = generated(3 * mib);
  const given = [
    { name: "large.bin", content: large, sizeBytes: BigInt(large.length) },
    { name: "a.csv", content: "a,b\n", sha256: sha256("a,b\n") },
    { name: "empty", content: "" },
    { name: "again.csv", content: "a,b\n" },
  ];
  const stored = await uploadFiles(who, ...given);
  expect(stored.map(({ name, sha256, detectedContentType }) => [name, sha256, detectedContentType])).toEqual([
    ["large.bin", sha256(large), "application/octet-stream"],
    ["a.csv", sha256("a,b\n"), "text/plain"],
    ["empty", sha256(""), "application/octet-stream"],
    ["again.csv", sha256("a,b\n"), "text/plain"],
  ]);
  const { bytes } = await download(storage(), who, { fileId: stored[0]?.fileId ?? "" });
  expect(bytes.equals(large)).toBe(true);
  expect(await usageOf(storage(), who)).toEqual(usage(3 * mib + 8, 4));
});

test("OK: equal contents in two calls at the same time", async () => {
  const who = principal();
  const [one, two] = [generated(mib, 1), generated(mib, 2)];
  const given = [
    { name: "1", content: one },
    { name: "2", content: two },
  ];
  await Promise.all([uploadFiles(who, ...given), uploadFiles(who, ...given.toReversed())]);
  expect(await usageOf(storage(), who)).toEqual(usage(4 * mib, 4));
});

test.each<[string, Given[], object]>([
  [
    "InvalidArgument: the last one has another hash",
    [
      { name: "1", content: generated(mib) },
      { name: "2", content: "x", sha256: sha256("y") },
    ],
    { code: "InvalidArgument", reason: "CONTENT_MISMATCH" },
  ],
  [
    "ResourceExhausted: the last one is beyond the quota",
    [
      { name: "1", content: generated(mib) },
      { name: "2", content: generated(mib, 2) },
    ],
    { code: "ResourceExhausted", reason: "QUOTA_EXCEEDED" },
  ],
  [
    "InvalidArgument: a name with a folder",
    [
      { name: "1", content: "x" },
      { name: "a/b", content: "x" },
    ],
    { fields: ["header.name"] },
  ],
  [
    "InvalidArgument: a request id",
    [{ name: "1", content: "x", requestId: "0193b3a0-0000-7000-8000-000000000000" }],
    { fields: ["header.request_id"] },
  ],
  ["InvalidArgument: no file", [], { fields: ["header"] }],
  [
    "InvalidArgument: more than 100 files",
    Array.from({ length: 101 }, (_, at) => ({ name: String(at), content: "" })),
    { fields: ["header"] },
  ],
])("%s: and nothing is stored", async (_title, given, failure) => {
  const who = principal();
  await setQuota(storage(), who, 1_500_000);
  expect(await failureOf(uploadFiles(who, ...given))).toMatchObject(failure);
  await expect.poll(() => usageOf(storage(), who)).toEqual(usage(0, 0));
  const left = async () =>
    (await filesIn(storage().directory)).filter(
      (path) => path.includes(who.orgId) || path.startsWith("tmp/"),
    );
  await expect.poll(left).toEqual([]);
});

test("InvalidArgument: bytes before the first header", async () => {
  async function* chunk() {
    yield { part: { case: "chunk" as const, value: Uint8Array.from([1]) } };
  }
  const call = storage().client(FileService, principal()).uploadFiles(chunk());
  expect(await failureOf(call)).toMatchObject({ fields: ["header"] });
});
