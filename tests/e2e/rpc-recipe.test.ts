import { execFile } from "node:child_process";
import { cp, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createFileRegistry, type DescService, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { expect, test } from "vitest";
import { type Program, startProgram } from "../lib/program.ts";
import { serviceAddresses } from "../lib/service-addresses.ts";
import { createTestDatabase } from "../lib/test-database.ts";
import { meshKeys, temporaryFolder } from "../lib/test-mesh.ts";

const root = join(import.meta.dirname, "../..");
const password = "a long first password";
const run = promisify(execFile);

/** The commands of a recipe in CONTRIBUTING.md. */
async function commandsOf(title: string): Promise<string[]> {
  const page = await readFile(join(root, "CONTRIBUTING.md"), "utf8");
  const [, recipe = ""] = page.match(new RegExp(`## ${title}\n\n(.*?)\n\n`, "s")) ?? [];
  expect(recipe.split("\n").length).toBeLessThanOrEqual(10);
  return [...recipe.matchAll(/`(np[mx] [^`]+)`/g)].map(([, command = ""]) => command);
}

/** A copy of the tracked files, with the packages of this tree. */
async function copyTree(folder: string): Promise<void> {
  const left = ["node_modules", ".git", ".sluice", "clients"].map((name) => join(root, name));
  await cp(root, folder, { recursive: true, filter: (source) => !left.includes(source) });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
}

/** Inserts text into a file before an existing text. */
async function insert(file: string, before: string, text: string): Promise<void> {
  const content = await readFile(file, "utf8");
  expect(content).toContain(before);
  await writeFile(file, content.replace(before, `${text}${before}`));
}

const method = `  // Returns the number of files of the organisation.
  rpc CountFiles(CountFilesRequest) returns (CountFilesResponse) {
    option (google.api.http) = {get: "/api/v1/storage/files:count"};
    option (sluice.common.v1.access) = {permission: "storage.quota.read"};
    option idempotency_level = NO_SIDE_EFFECTS;
  }

`;

const messages = `// Empty.
message CountFilesRequest {}

// The number of files.
message CountFilesResponse {
  // Number of files.
  int64 file_count = 1;
}

`;

const handler = `import type { MethodImpl } from "@connectrpc/connect";
import type { QuotaService } from "../../../gen/sluice/storage/v1/quota_pb.ts";
import { scopeOf } from "../../lib/rpc/guard.ts";
import type { StorageDeps } from "../deps.ts";
import { findQuota } from "../quota/quota-repository.ts";

export const countFiles =
  ({ db }: StorageDeps): MethodImpl<typeof QuotaService.method.countFiles> =>
  async (_request, context) => ({ fileCount: BigInt((await findQuota(db, scopeOf(context), "")).fileCount) });
`;

const handlerTest = `import { expect, test } from "vitest";
import { QuotaService } from "../../gen/sluice/storage/v1/quota_pb.ts";
import { principal } from "../lib/test-mesh.ts";
import { startStorage, upload } from "./fixtures.ts";

test("OK: the organisation's files are counted", async () => {
  await using storage = await startStorage();
  const who = principal();
  await upload(storage, who);
  expect(await storage.client(QuotaService, who).countFiles({})).toMatchObject({ fileCount: 1n });
});
`;

/** Adds an RPC to a copy of the tree by the recipe. */
async function addRpc(folder: string): Promise<void> {
  const [generate = "", accept = ""] = await commandsOf("How to add an RPC");
  expect([generate, accept.split(" ").slice(0, 3).join(" ")]).toEqual(["npm run generate", "npx vitest run"]);
  const inCopy = (command: string) => run("bash", ["-c", command], { cwd: folder });
  const contract = join(folder, "proto/sluice/storage/v1/quota.proto");
  await insert(contract, "  // Returns the usage of the organisation", method);
  await insert(contract, "// Selects a quota.\nmessage GetQuotaRequest", messages);
  await inCopy(generate);
  await writeFile(join(folder, "services/storage/rpc/count-files.ts"), handler);
  const service = join(folder, "services/storage/service.ts");
  await insert(service, "import { createSignedUrl", 'import { countFiles } from "./rpc/count-files.ts";\n');
  await insert(service, "      getQuota: getQuota(deps),", "      countFiles: countFiles(deps),\n");
  await writeFile(join(folder, "tests/storage/count-files.test.ts"), handlerTest);
  await inCopy(`${accept} tests/contract/rpc-files tests/storage/count-files`);
}

/** Identity, storage and the edge of a copy of the tree, as programs. Returns the edge's URL. */
async function startMesh(folder: string): Promise<AsyncDisposable & { url: string }> {
  await using stack = new AsyncDisposableStack();
  const { urls } = stack.use(await createTestDatabase());
  const env = (process: string) => ({
    LOG_LEVEL: "info",
    MESH_PRIVATE_KEY: meshKeys.privateKeys[process],
    MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
    GRPC_LISTEN: "127.0.0.1:0",
    BOOTSTRAP_ADMIN_PASSWORD: password,
    STORAGE_DIR: join(folder, "storage"),
    SECRET_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString("base64"),
    URL_SIGNING_KEY: Buffer.alloc(32, 8).toString("base64"),
  });
  const start = async (file: string, settings: Record<string, string | undefined>) => {
    const program: Program = stack.use(startProgram(join(folder, file), settings));
    return program.printed(/"address":"([^"]+)","msg":"ready"/);
  };
  const startService = (name: "identity" | "storage", peers: string) =>
    start(`services/${name}/main.ts`, { ...env(name), ...serviceAddresses(peers), DATABASE_URL: urls[name] });
  const identity = await startService("identity", "127.0.0.1:1");
  const storage = await startService("storage", identity);
  const url = await start("edge/main.ts", {
    ...env("edge"),
    ...serviceAddresses(storage),
    IDENTITY_ADDRESS: identity,
    EDGE_PORT: "0",
  });
  const owned = stack.move();
  return { url, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** The access token of the platform's administrator. */
async function logIn(url: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/auth/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "admin@sluice.local", password }),
  });
  const { accessToken } = (await response.json()) as { accessToken: string };
  return accessToken;
}

/** A service from the descriptors of the copy. */
async function describe(folder: string, typeName: string): Promise<DescService> {
  const bytes = await readFile(join(folder, "gen/descriptors.binpb"));
  const service = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes)).getService(typeName);
  if (!service) throw new Error(`${typeName} is not described`);
  return service;
}

test("OK: an RPC that is added as CONTRIBUTING.md says answers in REST, Connect, gRPC and gRPC-Web", async () => {
  await using folder = await temporaryFolder();
  await copyTree(folder.path);
  await addRpc(folder.path);
  await using mesh = await startMesh(folder.path);
  const authorization = `Bearer ${await logIn(mesh.url)}`;

  const rest = await fetch(`${mesh.url}/api/v1/storage/files:count`, { headers: { authorization } });
  expect([rest.status, await rest.json()]).toEqual([200, { fileCount: "0" }]);
  const service = await describe(folder.path, "sluice.storage.v1.QuotaService");
  const transports: Record<string, Transport> = {
    Connect: createConnectTransport({ baseUrl: mesh.url, httpVersion: "1.1" }),
    gRPC: createGrpcTransport({ baseUrl: mesh.url }),
    "gRPC-Web": createGrpcWebTransport({ baseUrl: mesh.url, httpVersion: "1.1" }),
  };
  for (const [protocol, transport] of Object.entries(transports)) {
    const { countFiles } = createClient(service, transport) as unknown as Record<string, UnaryCall>;
    expect([protocol, await countFiles?.({}, { headers: { authorization } })]).toMatchObject([
      protocol,
      { fileCount: 0n },
    ]);
  }
});

type UnaryCall = (request: object, options: { headers: Record<string, string> }) => Promise<object>;
