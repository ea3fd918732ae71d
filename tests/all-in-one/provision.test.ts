import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { startPostgresServer } from "../lib/postgres-server.ts";
import { startProgram } from "../lib/program.ts";
import { temporaryFolder } from "../lib/test-mesh.ts";

const folders = ["approval", "ca", "compat", "edge", "identity", "orchestration", "staging", "storage"];

// A separate server, because roles belong to a whole server.
let server: Awaited<ReturnType<typeof startPostgresServer>>;
beforeAll(async () => {
  server = await startPostgresServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function provision(databaseUrl: string, folder: string) {
  await using program = startProgram("services/all-in-one/provision.ts", {
    DATABASE_URL: databaseUrl,
    PROVISION_DIR: folder,
  });
  return { code: await program.ended, output: program.output() };
}

async function canLogIn(folder: string): Promise<boolean> {
  const url = await readFile(join(folder, "storage", "database_url"), "utf8");
  const sql = connectPostgres(url.trim(), { max: 1 });
  try {
    return (await sql`select 1 as one`)[0]?.one === 1;
  } finally {
    await sql.end();
  }
}

test("OK: a run that failed leaves nothing, and can be repeated", async () => {
  await using folder = await temporaryFolder();
  const secrets = join(folder.path, "secrets");
  const failed = await provision("postgres://a:hidden@127.0.0.1:1/x", secrets);
  expect(failed).toEqual({
    code: 1,
    output: "provision: database_url: 127.0.0.1:1: nothing listens there\n",
  });
  expect(existsSync(secrets)).toBe(false);

  expect((await provision(server.url, secrets)).code).toBe(0);
  expect((await readdir(secrets)).sort()).toEqual(folders);
  expect(await canLogIn(secrets)).toBe(true);
});

test("Error: secrets that exist are never replaced, and the database keeps their passwords", async () => {
  await using folder = await temporaryFolder();
  const secrets = join(folder.path, "secrets");
  expect((await provision(server.url, secrets)).code).toBe(0);
  const again = await provision(server.url, secrets);
  expect(again.code).toBe(1);
  expect(again.output).toContain(`${join(secrets, "edge")}: it exists; secrets are never replaced`);
  expect(await canLogIn(secrets)).toBe(true);
});

test("OK: a run that was killed before it was complete is begun anew", async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, ".unfinished", "storage"), { recursive: true });
  await writeFile(join(folder.path, ".unfinished", "storage", "database_url"), "of no use");
  expect((await provision(server.url, folder.path)).code).toBe(0);
  expect(await canLogIn(folder.path)).toBe(true);
});

test("OK: a run that was killed while it moved its folders is ended by the next", async () => {
  await using folder = await temporaryFolder();
  expect((await provision(server.url, folder.path)).code).toBe(0);
  const key = await readFile(join(folder.path, "edge", "mesh_private_key"), "utf8");
  const unfinished = join(folder.path, ".unfinished");
  await mkdir(unfinished);
  await writeFile(join(unfinished, "complete"), "");
  for (const name of ["storage", "edge"]) await rename(join(folder.path, name), join(unfinished, name));

  expect((await provision(server.url, folder.path)).code).toBe(0);
  expect((await readdir(folder.path)).sort()).toEqual(folders);
  expect(await readFile(join(folder.path, "edge", "mesh_private_key"), "utf8")).toBe(key);
  expect(await canLogIn(folder.path)).toBe(true);
});

test("Error: two runs at once on a database; the second changes nothing", async () => {
  await using folder = await temporaryFolder();
  const sql = connectPostgres(server.url, { max: 1 });
  await sql`select pg_advisory_lock(hashtext('sluice provision run'))`;
  expect(await provision(server.url, folder.path)).toEqual({
    code: 1,
    output: "provision: database_url: another run of provision is at work on this database\n",
  });
  expect(await readdir(folder.path)).toEqual([]);
  await sql.end();
  expect((await provision(server.url, folder.path)).code).toBe(0);
});

test("exit code 2: settings that are missing", async () => {
  await using program = startProgram("services/all-in-one/provision.ts", {});
  expect(await program.ended).toBe(2);
  expect(program.output()).toContain("  PROVISION_DIR: is required");
});
