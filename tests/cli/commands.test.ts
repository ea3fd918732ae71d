import { createHash } from "node:crypto";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { forFile } from "../lib/for-file.ts";
import { runCli } from "./lib/cli.ts";
import { admin, password, startCliMesh } from "./lib/cli-mesh.ts";

const mesh = forFile(() => startCliMesh());
const sluice = (args: readonly string[], input?: string) => runCli(mesh().env, args, input);

async function ok(args: readonly string[], input?: string): Promise<string> {
  const outcome = await sluice(args, input);
  expect(outcome.code, outcome.stderr).toBe(0);
  return outcome.stdout;
}

test("OK: --json prints the response as proto3 JSON, and 64-bit integers are exact", async () => {
  const { stdout } = await sluice(["quota", "set", "1125899906842623", "--json"]);
  expect(JSON.parse(stdout).quota.limitBytes).toBe("1125899906842623");
  expect(JSON.parse(await ok(["users", "list", "--json"])).users).toMatchObject([
    { email: admin, active: true },
  ]);
});

test("OK: a list prints its pages, up to a limit", async () => {
  for (const name of ["one", "two", "three"]) await ok(["keys", "create", name, "--role", "viewer"]);
  const page = JSON.parse(await ok(["keys", "list", "--limit", "2", "--json"]));
  expect(page.apiKeys).toHaveLength(2);
  const rest = await sluice(["keys", "list", "--page-token", page.nextPageToken, "--quiet"]);
  expect(rest.stdout.trim().split("\n")).toHaveLength(1);
  const { stdout, stderr } = await sluice(["keys", "list", "--limit", "2"]);
  expect(stdout.trim().split("\n")).toHaveLength(3);
  expect(stderr).toMatch(/^There are more: --all shows all, --page-token \S+ continues here\.\n$/);
});

test("OK: folders are uploaded, and downloads are verified, continued and never left half under their name", async () => {
  const folder = join(mesh().folder, "data");
  await mkdir(join(folder, "inner"), { recursive: true });
  const contents = { "a.csv": "id\n1\n", "b.bin": Buffer.alloc(3_000_000, 7), empty: "" };
  for (const [name, content] of Object.entries(contents))
    await writeFile(join(folder, name === "b.bin" ? "inner/b.bin" : name), content);
  const uploaded = (await ok(["files", "put", folder, "--json"]))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line).file);
  const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");
  expect(Object.fromEntries(uploaded.map((file) => [file.name, file.sha256]))).toEqual(
    Object.fromEntries(Object.entries(contents).map(([name, content]) => [name, sha256(content)])),
  );

  const target = join(mesh().folder, "target");
  await mkdir(target);
  const { fileId } = uploaded.find(({ name }) => name === "b.bin");
  const partOf = (name: string) => `.${name}.${fileId}.${sha256(contents["b.bin"]).slice(0, 16)}.part`;
  // What an interrupted download has left.
  await writeFile(join(target, partOf("b.bin")), contents["b.bin"].subarray(0, 1_000_000));
  await ok(["files", "get", "a.csv", "b.bin", "empty", "-o", target]);
  expect((await readdir(target)).sort()).toEqual(["a.csv", "b.bin", "empty"]);
  expect(sha256(await readFile(join(target, "b.bin")))).toBe(sha256(contents["b.bin"]));
  // A repeated command finds the complete file; another one is not replaced.
  await ok(["files", "get", "b.bin", "-o", target]);
  await writeFile(join(target, "a.csv"), "mine");
  expect(await sluice(["files", "get", "a.csv", "-o", target])).toMatchObject({ code: 2, stdout: "" });
  expect(await readFile(join(target, "a.csv"), "utf8")).toBe("mine");
  // Damaged bytes do not get the name.
  await writeFile(join(target, partOf("c.bin")), Buffer.alloc(3_000_000, 8));
  const damaged = await sluice(["files", "get", fileId, "-o", join(target, "c.bin")]);
  expect(damaged).toMatchObject({ code: 1, stderr: expect.stringContaining("do not have the hash") });
  expect((await readdir(target)).sort()).toEqual(["a.csv", "b.bin", "empty"]);
});

test("OK: a file from standard input comes back on standard output", async () => {
  const id = (
    await ok(["files", "put", "-", "--name", "numbers.csv", "-q"], "id,name\n1,\u009b31m\n")
  ).trim();
  expect(await ok(["files", "get", id, "-o", "-"])).toBe("id,name\n1,\u009b31m\n");
  await ok(["sources", "create", "numbers", "--file", id, "--set", "tableName=numbers"]);
  await ok(["discover", "numbers"]);
});

test("OK: a removed file is in the trash, comes back, and is copied and purged", async () => {
  const id = (await ok(["files", "put", "-", "--name", "gone.csv", "-q"], "id\n1\n")).trim();
  await ok(["files", "rm", "gone.csv", "--yes"]);
  expect(await ok(["files", "ls", "--trash"])).toContain(id);
  await ok(["files", "undelete", "gone.csv"]);
  await ok(["files", "cp", "gone.csv", "--folder", "kept/"]);
  expect(await ok(["files", "ls", "--folder", "kept/"])).toContain("kept/gone.csv");
  expect(await ok(["files", "versions", "kept/gone.csv"])).toContain("1 (current)");
  await ok(["files", "rm", "gone.csv", "kept/gone.csv", "--yes"]);
  await ok(["files", "purge", "gone.csv", "kept/gone.csv", "--yes"]);
  expect(await ok(["files", "ls", "--trash"])).not.toContain(id);
});

test("OK: an equal statement shows the kept rows, and --no-cache runs it again", async () => {
  const query = ["query", "numbers", "SELECT count(*) AS n FROM numbers", "--json"];
  const fromCache = async (...more: string[]) => JSON.parse(await ok([...query, ...more])).fromCache ?? false;
  expect(await fromCache()).toBe(false);
  // A result is kept after its response.
  await expect.poll(() => fromCache()).toBe(true);
  expect(await fromCache("--no-cache")).toBe(false);
});

test("OK: a statement over the catalog, and its plan", async () => {
  await ok(["discover", "numbers"]);
  const sql = "SELECT name FROM numbers.numbers";
  expect(await ok(["query", "--catalog", sql])).toBe("name\n\\x9b31m\n");
  expect(await ok(["query", "--catalog", sql, "--format", "csv"])).toBe("name\n\u009b31m\n");
  const table = await ok(["plan", "--catalog", sql]);
  expect(table).toMatch(/^table +where +columns +conditions at the source +rows +size\n/);
  expect(table).toMatch(/numbers\.numbers +file +name +1 +24 B/);
  expect(JSON.parse(await ok(["plan", "numbers", "FROM numbers", "--json"]))).toMatchObject({
    engine: "QUERY_ENGINE_DUCKDB",
    scans: [{ tableName: "numbers" }],
  });
  const refused: [string[], RegExp][] = [
    [["query", "--catalog", "numbers", sql], /--catalog takes a statement, and no source/],
    [["query", "numbers", sql, "--namespace", "lab"], /--namespace needs --catalog/],
    [["plan"], /the source is missing/],
  ];
  for (const [args, message] of refused) expect((await sluice(args)).stderr).toMatch(message);
});

test("OK: queries give a table, JSON and the formats of files; a table shows no control character", async () => {
  const sql = "SELECT 9007199254740993 AS big, name FROM numbers";
  expect(await ok(["query", "numbers", sql])).toBe("             big  name\n9007199254740993  \\x9b31m\n");
  expect(await ok(["query", "numbers", "-", "--format", "csv"], `${sql};\n`)).toBe(
    "big,name\n9007199254740993,\u009b31m\n",
  );
  const rows = "SELECT i AS n FROM range(3) t(i)";
  expect(await ok(["query", "numbers", rows, "--format", "ndjson"])).toBe(
    '{"n":"0"}\n{"n":"1"}\n{"n":"2"}\n',
  );
  expect(JSON.parse(await ok(["query", "numbers", rows, "--format", "json"]))).toEqual([
    { n: "0" },
    { n: "1" },
    { n: "2" },
  ]);
  expect(await ok(["query", "numbers", "SELECT 1 AS n WHERE false", "--format", "json"])).toBe("[]\n");
  const path = join(mesh().folder, "rows.parquet");
  await ok(["query", "numbers", rows, "--format", "parquet", "-o", path]);
  expect((await readFile(path)).subarray(0, 4).toString()).toBe("PAR1");
  expect(JSON.parse(await ok(["query", "numbers", sql, "--json"])).rows).toEqual([
    ["9007199254740993", "\u009b31m"],
  ]);
});

test("OK: each kind of failure has its exit code, and the error says what to do", async () => {
  const failures: [args: string[], code: number, message: RegExp][] = [
    [["query"], 2, /the source is missing/],
    [["login", "--oidc"], 1, /no identity provider\nwhat to do: log in with your password/],
    [["usres"], 2, /Did you mean users\?/],
    [["users", "create", "x@example.org"], 2, /the password is missing\nwhat to do: give --password-stdin/],
    [["users", "delete", admin], 2, /add --yes/],
    [
      ["files", "get", "nothing"],
      5,
      /there is no file named nothing\nwhat to do: `sluice files list`|files ls/,
    ],
    [["jobs", "get", "01976f3e-0000-7000-8000-000000000000"], 5, /not found|does not exist/],
    [["query", "numbers", "DELETE FROM numbers"], 7, /what to do: send one statement that only reads/],
    [["files", "put", "/nonexistent/file"], 1, /\/nonexistent\/file does not exist/],
    [
      ["whoami", "--server", "http://127.0.0.1:1"],
      3,
      /not logged in at http:\/\/127\.0\.0\.1:1\nwhat to do: run `sluice login`/,
    ],
  ];
  for (const [args, code, message] of failures) {
    expect(await sluice(args), args.join(" ")).toMatchObject({
      code,
      stderr: expect.stringMatching(message),
    });
  }
  const refused = await runCli(
    { ...mesh().env, SLUICE_API_KEY: "sk_x", SLUICE_SERVER: "http://127.0.0.1:1" },
    ["whoami"],
  );
  expect(refused).toMatchObject({ code: 8, stderr: expect.stringContaining("nothing listens there") });
  const json = await sluice(["query", "numbers", "nonsense", "--json"]);
  expect(JSON.parse(json.stderr)).toMatchObject({
    error: { code: "INVALID_ARGUMENT", reason: "SQL_INVALID" },
  });
});

test("OK: credentials are in a file of mode 0600, and one that others can read is refused", async () => {
  const env = await mesh().newUser();
  await runCli(env, ["login", "--email", admin, "--password-stdin"], `${password}\n`);
  const file = join(env.SLUICE_CONFIG_DIR ?? "", "contexts.json");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  await chmod(file, 0o644);
  const { code, stderr } = await runCli(env, ["whoami"]);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/mode 644.*\nwhat to do: run `chmod 600 /),
  });
  expect(stderr).not.toMatch(/eyJ/);
});

test("OK: parallel commands whose token has ended share one refresh, and stay logged in", async () => {
  const env = await mesh().newUser();
  await runCli(env, ["login", "--email", admin, "--password-stdin", "--context", "a"], password);
  const file = join(env.SLUICE_CONFIG_DIR ?? "", "contexts.json");
  const before = JSON.parse(await readFile(file, "utf8"));
  before.contexts.a.credential.expireMs = 0;
  await writeFile(file, JSON.stringify(before));
  const outcomes = await Promise.all(Array.from({ length: 5 }, () => runCli(env, ["whoami"])));
  expect(outcomes.map(({ code, stderr }) => [code, stderr])).toEqual(Array(5).fill([0, ""]));
  const after = JSON.parse(await readFile(file, "utf8"));
  expect(after.contexts.a.credential.refreshToken).not.toBe(before.contexts.a.credential.refreshToken);
  // A second use of a refresh token would have ended the login.
  expect((await runCli(env, ["logout"])).code).toBe(0);
  expect((await runCli(env, ["whoami"])).code).toBe(3);
});

test("OK: the environment overrides the context, and a context's credential never goes to another server", async () => {
  const env = await mesh().newUser();
  const key = (await ok(["keys", "create", "narrow", "--role", "viewer"])).trim();
  expect(
    JSON.parse((await runCli({ ...env, SLUICE_API_KEY: key }, ["whoami", "--json"])).stdout).roles,
  ).toEqual(["viewer"]);
  expect((await runCli({ ...env, SLUICE_TOKEN: "forged" }, ["whoami"])).code).toBe(3);
  await runCli(env, ["login", "--api-key-stdin", "--context", "key"], key);
  expect(JSON.parse((await runCli(env, ["contexts", "list", "--json"])).stdout)).toEqual({
    contexts: [
      { name: "key", server: mesh().url, account: `key ${key.slice(0, 8)}…`, current: true, loggedIn: true },
    ],
  });
  expect((await runCli(env, ["whoami", "--server", "http://localhost:1"])).stderr).toContain(
    "you are not logged in",
  );
  const other = await runCli({ ...env, SLUICE_SERVER: "" }, [
    "whoami",
    "--context",
    "key",
    "--server",
    "http://127.0.0.1:1",
  ]);
  expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining("the context key is for") });
});

test("OK: users, organisations, keys and secrets are made, changed and removed", async () => {
  await ok(
    ["users", "create", "eve@example.org", "--role", "viewer", "--password-stdin"],
    "another long password",
  );
  const changed = JSON.parse(
    await ok(["users", "update", "eve@example.org", "--name", "Eve", "--deactivate", "--json"]),
  );
  expect(changed.user).toMatchObject({ displayName: "Eve", active: false, roles: ["viewer"] });
  const active = JSON.parse(
    await ok(["users", "update", "eve@example.org", "--activate", "--role", "editor", "--json"]),
  );
  expect(active.user).toMatchObject({ displayName: "Eve", active: true, roles: ["editor"] });
  expect(await ok(["users", "get", "eve@example.org"])).toMatch(/display name +Eve\n/);
  await ok(["users", "delete", "eve@example.org", "--yes"]);
  expect((await sluice(["users", "get", "eve@example.org"])).code).toBe(5);

  await ok(
    ["orgs", "create", "lab", "--admin-email", "ada@example.org", "--password-stdin"],
    "a third long password",
  );
  await ok(["orgs", "update", "lab", "--display-name", "The lab"]);
  expect(await ok(["orgs", "get", "lab"])).toMatch(/display name +The lab\n/);
  expect(
    await sluice(["orgs", "create", "lab", "--admin-email", "b@example.org", "--password-stdin"], password),
  ).toMatchObject({
    code: 6,
  });

  const destination = ["--destination", "postgresql:[::1]:5432"];
  expect(await ok(["secrets", "put", "s", ...destination, "--value-stdin"], "hidden value")).toContain(
    "postgresql:[::1]:5432",
  );
  await ok(["secrets", "update", "s", "--destination", "postgresql:db.example.org:5433"]);
  const listed = await ok(["secrets", "list"]);
  expect(listed).toContain("postgresql:db.example.org:5433");
  expect(listed).not.toContain("hidden value");
  await ok(["secrets", "delete", "s", "--yes"]);

  const { apiKey } = JSON.parse(
    await ok(["keys", "create", "short", "--days", "1", "--role", "viewer", "--json"]),
  );
  await ok(["keys", "revoke", apiKey.apiKeyId, "--yes"]);
  expect(await ok(["keys", "list", "--quiet"])).not.toContain(apiKey.apiKeyId);
});

test("OK: sources, jobs and projects are changed, paused, refused and removed", async () => {
  expect(await ok(["sources", "connectors", "file"])).toMatch(/fileId +yes +string/);
  expect(await ok(["sources", "test", "numbers"])).toMatch(/connected +yes/);
  await ok(["sources", "update", "numbers", "--name", "figures", "--set", "header=true"]);
  expect(JSON.parse(await ok(["sources", "get", "figures", "--json"])).source.settings).toMatchObject({
    header: true,
    tableName: "numbers",
  });
  await ok(["discover", "figures"]);

  const jobId = (await ok(["stage", "figures", "--columns", "numbers:id", "--format", "csv", "-q"])).trim();
  expect(await ok(["jobs", "list"])).toContain(jobId);
  expect(await ok(["chunks", "list", jobId, "-q"])).toMatch(/^[0-9a-f-]{36}\n$/);
  const folder = join(mesh().folder, "chunks");
  await ok(["chunks", "get", jobId, "-o", folder]);
  expect(await readFile(join(folder, "numbers-00000.csv"), "utf8")).toBe("id\n1\n");
  expect((await sluice(["jobs", "cancel", jobId])).code).toBe(6);
  await ok(["jobs", "delete", jobId, "--yes"]);

  const project = ["figures of today", "--source", "figures", "--table", "numbers"];
  const projectId = (await ok(["projects", "create", ...project, "-q"])).trim();
  for (const step of ["validate", "package", "submit"]) await ok(["projects", step, "figures of today"]);
  const manifest = (await ok(["projects", "get", projectId, "--manifest"])).trim();
  await ok(
    ["users", "create", "bob@example.org", "--role", "approver", "--password-stdin"],
    "another long password",
  );
  const bob = await mesh().newUser();
  await runCli(bob, ["login", "--email", "bob@example.org", "--password-stdin"], "another long password");
  expect(await runCli(bob, ["projects", "reject", projectId])).toMatchObject({ code: 2 });
  const decision = [projectId, "--manifest", manifest, "--comment", "one row is missing"];
  expect(await runCli(bob, ["projects", "request-changes", ...decision])).toMatchObject({ code: 0 });
  expect(await ok(["projects", "reviews", projectId])).toContain("one row is missing");
  await ok(["projects", "delete", projectId, "--yes"]);
  await ok(["sources", "delete", "figures", "--yes"]);
});

test("ResourceExhausted: an upload beyond the quota ends with its exit code", async () => {
  await ok(["quota", "set", "1"]);
  const refused = await sluice(["files", "put", "node_modules/vega-datasets/data/flights-3m.parquet"]);
  expect(refused).toMatchObject({
    code: 9,
    stderr: expect.stringContaining("what to do: remove files with `sluice files rm`"),
  });
  await ok(["quota", "set", "1TiB"]);
});

test("OK: quotas of namespaces, whose other limits stay as they are, and lifecycle rules with a dry run", async () => {
  await ok(["namespaces", "create", "lab"]);
  const limits = async (args: readonly string[]) =>
    JSON.parse(await ok(["quota", "set", "--namespace", "lab", "--json", ...args])).quota;
  expect(await limits(["1MiB", "--files", "10"])).toMatchObject({ limitBytes: "1048576", limitFiles: "10" });
  const warned = await limits(["--warn-size", "1", "--files", "none"]);
  expect(warned).toMatchObject({ limitBytes: "1048576", warnBytes: "1" });
  expect(warned.limitFiles).toBeUndefined();
  expect(await sluice(["quota", "set", "--namespace", "lab"])).toMatchObject({ code: 2 });
  const file = join(mesh().folder, "lab.csv");
  await writeFile(file, "id\n1\n");
  await ok(["files", "put", file, "--namespace", "lab"]);
  const shown = await sluice(["quota", "get", "--namespace", "lab"]);
  expect(shown).toMatchObject({ code: 0, stderr: "A soft limit is reached.\n" });
  const rules = JSON.stringify([{ name: "all", action: "LIFECYCLE_ACTION_EXPIRE", minAge: "0s" }]);
  expect(await ok(["lifecycle", "--namespace", "lab", "--set", "-"], rules)).toMatch(/all +expire +0 days/);
  expect(await ok(["lifecycle", "--namespace", "lab"])).toMatch(/all +expire/);
  expect(await ok(["lifecycle", "--dry-run"])).toMatch(/lab\.csv +5 B +expire +all +uploaded/);
  const wrong = await sluice(["lifecycle", "--set", "-"], "[1]");
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining("- has no rules") });
  await ok(["lifecycle", "--namespace", "lab", "--set", "-"], "[]");
  await ok(["namespaces", "delete", "lab", "--force", "--yes"]);
});

test("OK: the completion of bash completes commands, options and values", async () => {
  const script = await ok(["completion", "bash"]);
  const complete = (words: readonly string[]) =>
    runCli(mesh().env, ["__complete", ...words]).then(({ stdout }) =>
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split("\t")[0]),
    );
  expect(script).toContain("complete -o default -F _sluice sluice");
  expect(await complete(["pro"])).toEqual(["projects"]);
  expect(await complete(["projects", "pub"])).toEqual(["publish"]);
  expect(await complete(["query", "numbers", "--fo"])).toEqual(["--format"]);
  expect(await complete(["query", "numbers", "--format", "p"])).toEqual(["parquet"]);
});

test("OK: a model is registered from a folder, compared, aliased and downloaded, and a pickle has to be asked for", async () => {
  const folder = join(mesh().folder, "model");
  await mkdir(join(folder, "weights"), { recursive: true });
  await writeFile(join(folder, "config.json"), '{"depth": 6}');
  await writeFile(join(folder, "weights", "part.bin"), Buffer.alloc(700_000, 3));
  await writeFile(join(folder, ".hidden"), "not a part");
  await ok(["models", "register", "churn", folder, "--metric", "auc=0.75", "--parameter", "depth=6"]);
  await writeFile(join(folder, "weights", "part.bin"), Buffer.from("\x80\x04]\x94.", "latin1"));
  const second = JSON.parse(
    await ok([
      "models",
      "register",
      "churn",
      folder,
      "--metric",
      "auc=NaN",
      "--alias",
      "challenger",
      "--json",
    ]),
  );
  expect(second.modelVersion).toMatchObject({
    version: 2,
    state: "MODEL_VERSION_STATE_READY",
    metrics: { auc: "NaN" },
  });
  await ok(["models", "alias", "churn:1", "champion"]);
  const wrong = await sluice(["models", "alias", "churn@challenger", "champion", "--expect", "2"]);
  expect([wrong.code, wrong.stderr]).toEqual([expect.any(Number), expect.stringContaining("champion")]);
  expect(wrong.code).not.toBe(0);
  expect(await ok(["models", "list"])).toMatch(
    /churn +default +2 +challenger:2 champion:1|churn.*challenger:2/,
  );
  const compared = await ok(["models", "compare", "churn@champion", "churn@challenger"]);
  for (const text of ["auc", "0.75", "NaN", "depth", "weights/part.bin"]) expect(compared).toContain(text);
  const target = join(mesh().folder, "downloaded");
  await ok(["models", "download", "churn@champion", "-o", target]);
  expect((await readdir(target, { recursive: true })).sort()).toEqual([
    "config.json",
    "weights",
    "weights/part.bin",
  ]);
  expect((await stat(join(target, "weights", "part.bin"))).size).toBe(700_000);
  const refused = await sluice(["models", "download", "churn:2", "-o", target]);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain("weights/part.bin: pickle without imports");
  await ok(["models", "download", "churn:2", "-o", target, "--unsafe", "--force"]);
  await ok(["models", "stage", "churn:1", "production", "--comment", "tested"]);
  expect(await ok(["models", "history", "churn"])).toContain("tested");
  expect((await sluice(["models", "rm", "churn:1", "--yes"])).code).not.toBe(0);
  await ok(["models", "alias", "churn", "challenger", "--remove"]);
  await ok(["models", "rm", "churn:2", "--yes"]);
  expect(JSON.parse(await ok(["models", "versions", "churn", "--json"])).modelVersions).toHaveLength(1);
});

test("OK: an interrupted registration is continued with the same content alone", async () => {
  const folder = join(mesh().folder, "later");
  await mkdir(folder);
  await writeFile(join(folder, "a"), "first");
  await writeFile(join(folder, "b"), "second");
  const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");
  const announced = (path: string, content: string) => ({
    path,
    sha256: sha256(content),
    sizeBytes: content.length,
  });
  const { secret } = JSON.parse(await ok(["keys", "create", "registrar", "--role", "editor", "--json"]));
  const body = { modelName: "later", files: [announced("a", "first"), announced("b", "second")] };
  const headers = { "content-type": "application/json", "x-api-key": secret };
  const request = { method: "POST", headers, body: JSON.stringify(body) };
  expect((await fetch(`${mesh().url}/api/v1/storage/models`, request)).status).toBe(201);
  await writeFile(join(folder, "b"), "third");
  const changed = await sluice(["models", "upload", "later:1", folder]);
  expect(changed.stderr).toContain("b has another content");
  await writeFile(join(folder, "b"), "second");
  await ok(["models", "upload", "later:1", folder]);
  expect(await ok(["models", "show", "later:1"])).toContain("ready");
});
