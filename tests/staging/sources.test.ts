import { afterAll, beforeAll, expect, test } from "vitest";
import { JobState } from "../../gen/sluice/staging/v1/jobs_pb.ts";
import { type ForeignDatabase, startForeignDatabase } from "../orchestration/foreign-database.ts";
import { databaseSource, fileSource, type Mesh, readRows, startMesh } from "./mesh.ts";
import { createJob, ended } from "./staging.ts";

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
