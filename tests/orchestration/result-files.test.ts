import { appendFile, readdir } from "node:fs/promises";
import { Code, type ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createResultFiles, type ResultFiles } from "../../services/orchestration/results/result-files.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const limits = { userBytesMax: 1000, orgBytesMax: 2000, totalBytesMax: 4000 };

type ResultFile = Awaited<ReturnType<ResultFiles["create"]>>;

let stack: AsyncDisposableStack;
let directory: string;
let create: (orgId: string, userId: string) => Promise<ResultFile>;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  directory = stack.use(await temporaryFolder()).path;
  const files = stack.use(createResultFiles(directory, limits));
  create = (orgId, userId) => files.create({ orgId, userId });
});
afterEach(() => stack.disposeAsync());

async function write(file: ResultFile, bytes: number): Promise<number> {
  await appendFile(file.path, Buffer.alloc(bytes, "x"));
  return file.finish();
}

const failureOf = async (call: Promise<unknown>) => {
  const error = (await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as ConnectError | undefined;
  return error && [error.code, error.rawMessage];
};

const unread = (whose: string, what: string) => [
  Code.ResourceExhausted,
  `the results of ${whose} that have not been read to their ends take more than ${what}: select less`,
];
const mebibytes = (bytes: number) => `${bytes / 1024 ** 2} MiB`;

test("OK: what was written is read, and the file has no name any more", async () => {
  const file = await create("a", "1");
  expect(await write(file, 1000)).toBe(1000);
  expect(await readdir(directory)).toEqual([]);
  const chunks = [];
  for await (const chunk of file.read()) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe("x".repeat(1000));
  await file[Symbol.asyncDispose]();
});

test("ResourceExhausted: a file that is larger than a file may be, while it is written", async () => {
  const file = await create("a", "1");
  const exceeded = new Promise((resolve) => file.exceeded.addEventListener("abort", resolve));
  await appendFile(file.path, Buffer.alloc(1001));
  await exceeded;
  const reason = [
    Code.ResourceExhausted,
    `the result takes more than the ${1000 / 1024 ** 2} MiB of a file: select less`,
  ];
  expect(await failureOf(file.finish())).toEqual(reason);
  await file[Symbol.asyncDispose]();
  expect(await readdir(directory)).toEqual([]);
});

test("ResourceExhausted: files of a user, of an organisation and of all that nobody has read", async () => {
  const tooMuchOfOrg = unread(
    "this user",
    `is left for others of the ${mebibytes(2000)} of the organisation`,
  );
  const tooMuchOfAll = unread("this organisation", `is left for others of the ${mebibytes(4000)} of all`);
  expect(await write(await create("a", "1"), 1000)).toBe(1000);
  expect(await failureOf(write(await create("a", "1"), 200))).toEqual(unread("this user", mebibytes(1000)));
  // In the service a file goes with its call. Here the files stay, so another user of the organisation has less space.
  expect(await failureOf(write(await create("a", "2"), 600))).toEqual(tooMuchOfOrg);
  await write(await create("b", "3"), 400);
  expect(await failureOf(write(await create("b", "4"), 600))).toEqual(tooMuchOfAll);
});

/** Writes the largest file that fits. */
async function takeAll(orgId: string, userId: string): Promise<void> {
  for (let bytes = limits.userBytesMax; bytes >= 1; bytes = Math.floor(bytes / 2)) {
    const file = await create(orgId, userId);
    if (!(await failureOf(write(file, bytes)))) return;
    await file[Symbol.asyncDispose]();
  }
}

test("OK: whoever comes next finds room, whatever others hold", async () => {
  for (const org of ["a", "b", "c", "d"]) {
    for (const user of ["1", "2", "3"]) await takeAll(org, user);
    expect(await write(await create(org, "next"), 1)).toBe(1);
  }
  expect(await write(await create("next", "1"), 1)).toBe(1);
});

test("OK: what was read to its end or given up counts no more", async () => {
  const first = await create("a", "1");
  await write(first, 900);
  await first[Symbol.asyncDispose]();
  expect(await write(await create("a", "1"), 900)).toBe(900);
});

test("OK: what nobody disposed is closed with the service", async () => {
  await write(await create("a", "1"), 10);
  await create("b", "2");
  await stack.disposeAsync();
  stack = new AsyncDisposableStack();
});
