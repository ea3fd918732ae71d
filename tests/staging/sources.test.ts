import { afterAll, beforeAll, expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { type ForeignDatabase, startForeignDatabase } from "../orchestration/foreign-database.ts";
import { databaseSource, fileSource, type Mesh, readRows, startMesh } from "./mesh.ts";
import { createJob, ended, eventually } from "./staging.ts";

let mesh: Mesh;
let foreign: ForeignDatabase;
beforeAll(async () => {
  [mesh, foreign] = await Promise.all([startMesh(), startForeignDatabase()]);
});
afterAll(async () => {
  await foreign[Symbol.asyncDispose]();
  await mesh[Symbol.asyncDispose]();
});

const csv = (rows: number) =>
  `id,name\n${Array.from({ length: rows }, (_, index) => `${index},"name ""${index}"""\n`).join("")}`;

test("OK: a CSV file is staged, in chunks that another reader reads", async () => {
  const user = mesh.user();
  const source = await fileSource(mesh, user, "people.csv", csv(2500));
  const job = await ended(user, (await createJob(user, source)).jobId);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { rowCount: 2500n } });
  expect(job.progress?.chunkCount).toBe(job.progress?.chunkCountPlanned);
  expect(await readRows(mesh, user, job.jobId)).toEqual(
    Array.from({ length: 2500 }, (_, index) => ({ id: BigInt(index), name: `name "${index}"` })),
  );
  const { manifest } = await user.jobs.getManifest({ jobId: job.jobId });
  expect(manifest?.snapshot).toMatch(/^sha256:[0-9a-f]{64}$/);
});

test("OK: tables of PostgreSQL are staged together: an empty one, and one with quotes and emoji in its names", async () => {
  await foreign.sql.unsafe(`
    create table orders (id int primary key, total numeric(10,2), note text);
    insert into orders select n, n / 4.0, case when n % 3 > 0 then 'note, "' || n || '"' end
      from generate_series(1, 5000) as n;
    create table nothing (id int, at timestamptz);
    create table "it's ""odd"" 😀/x" ("größe 😀" text, "a""b" int);
    insert into "it's ""odd"" 😀/x" values ('zwölf', 12), (null, null);
    analyze;
    grant select on all tables in schema public to public`);
  const user = mesh.user();
  const source = await databaseSource(mesh, user, foreign);
  const job = await ended(user, (await createJob(user, source)).jobId);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, progress: { rowCount: 5002n } });
  const rows = await readRows(mesh, user, job.jobId);
  const orders = await foreign.sql`select id, total::float8, note from orders order by id`;
  expect(rows.filter((row) => "total" in row).sort((a, b) => Number(a.id) - Number(b.id))).toEqual([
    ...orders,
  ]);
  expect(rows.filter((row) => "größe 😀" in row)).toEqual([
    { "größe 😀": "zwölf", 'a"b': 12 },
    { "größe 😀": null, 'a"b': null },
  ]);
  const { manifest } = await user.jobs.getManifest({ jobId: job.jobId });
  const counts = manifest?.tables.map(({ name, rowCount }) => [name, Number(rowCount)]) ?? [];
  expect(Object.fromEntries(counts)).toEqual({ orders: 5000, nothing: 0, 'it\'s "odd" 😀/x': 2 });
  expect(manifest?.tables.find(({ name }) => name === "nothing")?.files).toMatchObject([{ rowCount: 0n }]);
});

test("FAILED: a table that was altered after its discovery says what to do", async () => {
  await foreign.sql.unsafe(`
    create table altered (id int, note text);
    insert into altered values (1, 'one');
    grant select on altered to public`);
  const user = mesh.user();
  const { sourceId } = await databaseSource(mesh, user, foreign);
  await foreign.sql.unsafe("alter table altered alter column note type varchar(40)");
  const { jobId } = await createJob(user, { sourceId, tables: [{ name: "altered" }] });
  const job = await ended(user, jobId);
  expect(job.state).toBe(JobState.FAILED);
  expect(job.errorMessage).toMatch(/altered.*discover the source again/);
});

test("OK: a source whose connections die mid-extract is read again, from one new snapshot", async () => {
  await foreign.sql.unsafe(`
    create table dying (id int, filler text);
    insert into dying select n, repeat('x', 400) from generate_series(1, 60000) as n;
    analyze dying;
    grant select on dying to public`);
  const user = mesh.user();
  const { sourceId } = await databaseSource(mesh, user, foreign);
  const { jobId } = await createJob(user, { sourceId, tables: [{ name: "dying" }] }, { chunkRows: 5000n });
  const planned = async () =>
    (await mesh.database.sql`select chunk_count from staging.jobs where job_id = ${jobId}`)[0]?.chunk_count;
  await eventually(async () => (await planned()) >= 1).toBe(true);
  await foreign.sql.unsafe("delete from dying where id % 2 = 0");
  for (const connection of foreign.connections) connection.destroy();
  const job = await ended(user, jobId);
  expect(job).toMatchObject({ state: JobState.SUCCEEDED, errorMessage: "" });
  // The state before the delete or the one after it, never one in between.
  const ids = (await readRows(mesh, user, jobId)).map(({ id }) => Number(id)).sort((a, b) => a - b);
  const odd = Array.from({ length: 30_000 }, (_, index) => 2 * index + 1);
  const all = Array.from({ length: 60_000 }, (_, index) => index + 1);
  expect(ids).toEqual(ids.length === all.length ? all : odd);
  expect(job.progress?.rowCount).toBe(BigInt(ids.length));
});
