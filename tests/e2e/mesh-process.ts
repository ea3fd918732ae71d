import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { serviceNames } from "../../gen/services.ts";
import { shareCompileCache } from "../lib/compile-cache.ts";
import { freePort } from "../lib/free-port.ts";
import { startPostgresServer } from "../lib/postgres-server.ts";
import { startProgram } from "../lib/program.ts";
import { forwardTcp } from "../lib/tcp.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

export type MeshProcess = AsyncDisposable & { url: string };

/** Starts a mesh from the files of the npm scripts, as an operator does. */
export function startMesh(
  mode: "one process" | "separate processes",
  password: string,
): Promise<MeshProcess> {
  return mode === "one process" ? startOne(password) : startSeparateOnServer(password);
}

async function startOne(password: string): Promise<MeshProcess> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const mesh = stack.use(await startOnFolder(folder.path, password));
  return { url: mesh.url, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export type MeshOnFolder = MeshProcess & {
  /** Sends a signal to the process, or to its group as a terminal does. Returns the exit code. */
  end(signal: NodeJS.Signals, whom: "process" | "group"): Promise<number | null>;
  pid: number;
  /** Output so far. */
  output(): string;
};

/** Starts a mesh in one process on a folder that stays after its end. */
export async function startOnFolder(
  folder: string,
  password: string,
  env: Record<string, string> = {},
): Promise<MeshOnFolder> {
  // For root the database runs as another user. Its data is put into this folder only if that user can enter it.
  await chmod(folder, 0o711);
  const child = startProgram("services/all-in-one/main.ts", {
    SLUICE_DATA_DIR: join(folder, "data"),
    EDGE_PORT: "0",
    BOOTSTRAP_ADMIN_PASSWORD: password,
    LOG_LEVEL: "warn",
    ...env,
  });
  return {
    url: await child.printed(/Sluice is ready at (\S+)/),
    pid: child.process.pid ?? 0,
    output: child.output,
    async end(signal, whom) {
      const pid = child.process.pid ?? 0;
      process.kill(whom === "group" ? -pid : pid, signal);
      return child.ended;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

async function startSeparateOnServer(password: string): Promise<MeshProcess> {
  const stack = new AsyncDisposableStack();
  // A server of its own, since the services' roles are shared by a whole server.
  const server = stack.use(await startPostgresServer());
  const database = new URL(server.url);
  database.host = `127.0.0.1:${stack.use(await forwardTcp(server.url)).port}`;
  const { url } = stack.use(await startSeparate(database.href, password));
  return { url, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

export type SeparateMesh = MeshProcess & {
  /** By name of the setting, as `STORAGE_ADDRESS`. */
  addresses: Readonly<Record<string, string>>;
  /** Has a folder of secrets for each process. */
  secrets: string;
  /** Its processes, without the database's. */
  roots: readonly number[];
};

/** Starts a mesh of separate processes on an empty database. The URL is the superuser's. */
export async function startSeparate(
  databaseUrl: string,
  password: string,
  edgeEnv: Record<string, string> = {},
  storageEnv: Record<string, string> = {},
): Promise<SeparateMesh> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder());
  const secrets = join(folder.path, "secrets");
  await using provision = startProgram("services/all-in-one/provision.ts", {
    DATABASE_URL: databaseUrl,
    PROVISION_DIR: secrets,
  });
  await provision.printed(/secrets of/);
  shareCompileCache(join(folder.path, "orchestration"));
  const ports = await Promise.all(serviceNames.map(() => freePort()));
  const addresses = Object.fromEntries(
    serviceNames.map((name, index) => [`${name.toUpperCase()}_ADDRESS`, `127.0.0.1:${ports[index]}`]),
  );
  const certificatesOf = (name: string) => ({
    MESH_TLS_CERT_FILE: join(secrets, name, "tls.crt"),
    MESH_TLS_KEY_FILE: join(secrets, name, "tls.key"),
    MESH_TLS_CA_FILE: join(secrets, name, "ca.crt"),
  });
  const roots: number[] = [];
  const starting = serviceNames.map(async (name) => {
    const child = startProgram(`services/${name}/main.ts`, {
      ...addresses,
      ...certificatesOf(name),
      SECRETS_MNT_PATH: join(secrets, name),
      GRPC_LISTEN: addresses[`${name.toUpperCase()}_ADDRESS`] ?? "",
      BOOTSTRAP_ADMIN_PASSWORD: password,
      STORAGE_DIR: join(folder.path, "storage"),
      ORCHESTRATION_DIR: join(folder.path, "orchestration"),
      LENT_FILES_DIR: join(folder.path, "orchestration", "lent"),
      SOURCE_ADDRESS_ALLOW: "127.0.0.0/8",
      ...(name === "storage" && storageEnv),
    });
    stack.use(child);
    roots.push(child.process.pid ?? 0);
    await child.printed(/"msg":"ready"/);
  });
  await Promise.all(starting);
  const edge = startProgram("edge/main.ts", {
    ...addresses,
    ...certificatesOf("edge"),
    SECRETS_MNT_PATH: join(secrets, "edge"),
    EDGE_PORT: "0",
    STORAGE_DIR: join(folder.path, "storage"),
    ...edgeEnv,
  });
  stack.use(edge);
  roots.push(edge.process.pid ?? 0);
  const url = await edge.printed(/"address":"([^"]+)","msg":"ready"/);
  return { url, addresses, secrets, roots, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Starts the README's example database on a free port. */
export async function startWarehouse(): Promise<AsyncDisposable & { port: string }> {
  const child = startProgram("examples/warehouse.ts", {}, ["0"]);
  const port = await child.printed(/ready at 127\.0\.0\.1:(\d+)/);
  return { port, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** Runs a bash script until its first failing line, with these variables beside those of the tests. */
export async function runScript(
  script: string,
  env: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn("bash", ["-e", "-o", "pipefail", "-c", script], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  return { code, output };
}
