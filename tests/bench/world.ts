import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chooseSite } from "../../services/all-in-one/postgres/choose-site.ts";
import { findPostmaster } from "../../services/all-in-one/postgres/find-postmaster.ts";
import { startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";
import { type MeshOnFolder, type SeparateMesh, startOnFolder, startSeparate } from "../e2e/mesh-process.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";
import { type S3Server, startS3Server } from "../storage/s3/s3-server.ts";
import type { Target } from "./http-load.ts";
import { limitsOutOfReach } from "./rate-limits.ts";

const password = "a long password of the benchmark";

/** Environment of the rows: a folder on one disk, a database server, and meshes that are started on demand. */
export type World = AsyncDisposable & {
  /** A folder of this run. Both sides of each comparison keep their files in it. */
  readonly folder: string;
  /** Superuser's URL of a database server without Sluice's schemas. */
  readonly databaseUrl: string;
  /** Quick: little data, which shows only that the rows work. */
  readonly quick: boolean;
  /** Rows of a table: the given number, or a fiftieth of it in a quick world. */
  rowsOf(rowCount: number): number;
  /** Measured rounds: the given number, or that of `--rounds`. */
  roundsOf(rounds: number): number;
  oneProcess(): Promise<Mesh<WholeMesh>>;
  /** As oneProcess, with encrypted content. */
  encrypted(): Promise<Mesh<WholeMesh>>;
  separateProcesses(): Promise<Mesh<SeparateMesh>>;
  /** As oneProcess, with the files in a bucket of a server that speaks S3. */
  onS3(): Promise<MeshOnS3<WholeMesh>>;
  /** The same in separate processes, with a database server and a bucket of its own. */
  separateOnS3(): Promise<MeshOnS3<SeparateMesh>>;
};

export type MeshOnS3<Process> = {
  readonly mesh: Mesh<Process>;
  readonly server: S3Server;
  /** The bucket that only this mesh uses. */
  readonly bucket: string;
};

export type WholeMesh = MeshOnFolder & {
  /** Root processes of the mesh: its own and its database server. */
  readonly roots: readonly number[];
};

export type Mesh<Process> = {
  readonly process: Process;
  /** Target of a REST call, with the administrator's credential. */
  target(path: string): Target;
  /** Makes a REST call with a JSON body. Returns the JSON of a successful response. */
  call<RawResponse>(method: string, path: string, body?: unknown): Promise<RawResponse>;
};

/** Divisor of a quick world's row counts. */
const quickDivisor = 50;

type WorldOptions = { readonly quick: boolean; readonly rounds?: number | undefined };

export async function createWorld({ quick, rounds: roundsAsked }: WorldOptions): Promise<World> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  const database = stack.use(await startPostgres({ dataDirectory: join(folder, "postgres") }));
  const once = <T>(start: () => Promise<T>): (() => Promise<T>) => {
    let started: Promise<T> | undefined;
    return () => {
      started ??= start();
      return started;
    };
  };
  const s3Server = once(async () => stack.use(await startS3Server()));
  const onS3 = async <Process>(
    start: (settings: Record<string, string>) => Promise<Mesh<Process>>,
  ): Promise<MeshOnS3<Process>> => {
    const server = await s3Server();
    const bucket = await server.createBucket();
    const { accessKeyId, secretAccessKey } = server.credentials;
    const settings = {
      STORAGE_S3_URL: `${server.url}/${bucket}`,
      STORAGE_S3_CREDENTIALS: `${accessKeyId}:${secretAccessKey}`,
    };
    return { server, bucket, mesh: await start(settings) };
  };
  const startOne = async (name: string, settings: Record<string, string>) => {
    const directory = join(folder, name);
    await mkdir(directory);
    const mesh = stack.use(await startOnFolder(directory, password, { ...limitsOutOfReach, ...settings }));
    return logIn({ ...mesh, roots: [mesh.pid, await postmasterOf(directory)] });
  };
  return {
    folder,
    databaseUrl: database.url,
    quick,
    rowsOf: (rowCount) => (quick ? rowCount / quickDivisor : rowCount),
    roundsOf: (rounds) => roundsAsked ?? rounds,
    oneProcess: once(() => startOne("one", {})),
    encrypted: once(() => startOne("encrypted", { STORAGE_MASTER_KEY: randomBytes(32).toString("base64") })),
    onS3: once(() => onS3((settings) => startOne("s3", settings))),
    separateOnS3: once(async () => {
      const other = stack.use(await startPostgres({ dataDirectory: join(folder, "postgres-s3") }));
      return onS3(async (settings) =>
        logIn(stack.use(await startSeparate(other.url, password, limitsOutOfReach, settings))),
      );
    }),
    separateProcesses: once(async () =>
      logIn(stack.use(await startSeparate(database.url, password, limitsOutOfReach))),
    ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The database server is not a child of the mesh's process. */
async function postmasterOf(directory: string): Promise<number> {
  const site = await chooseSite(join(directory, "data/postgres"), directory);
  const postmaster = await findPostmaster(site.data);
  if (!postmaster) throw new Error("the mesh has no database server");
  return postmaster.pid;
}

async function logIn<Process extends { url: string }>(process: Process): Promise<Mesh<Process>> {
  const headers: Record<string, string> = {};
  const call = async <RawResponse>(method: string, path: string, body?: unknown): Promise<RawResponse> => {
    const response = await fetch(`${process.url}${path}`, {
      method,
      headers: { ...headers, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as RawResponse;
  };
  const { accessToken } = await call<{ accessToken: string }>("POST", "/api/v1/auth/token", {
    email: "admin@sluice.local",
    password,
  });
  headers.authorization = `Bearer ${accessToken}`;
  // Large rows take longer than a token's lifetime.
  const { secret } = await call<{ secret: string }>("POST", "/api/v1/api-keys", {
    apiKey: { displayName: "benchmark", roles: ["admin"] },
  });
  delete headers.authorization;
  headers["x-api-key"] = secret;
  return { process, call, target: (path) => ({ url: `${process.url}${path}`, headers }) };
}
