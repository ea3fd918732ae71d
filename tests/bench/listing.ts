import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { compare, speedOf } from "./compare.ts";
import { post } from "./http-load.ts";
import { rawRequest, sendMany } from "./raw-load.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

// A page of files costs as much as it has entries, however many there are.

const manyFiles = 1_000_000;
const fewFiles = 1_000;
const pageSize = 50;
const connections = 4;
const count = 400;
const rounds = 5;

export const listingRow: Row = {
  name: `listing ${pageSize} of ${manyFiles.toLocaleString("en")} files, separate processes`,
  against: `${pageSize} of ${fewFiles.toLocaleString("en")}`,
  target: 0.9,
  async measure(world) {
    const mesh = await world.separateProcesses();
    const seed = `seed-${randomBytes(8).toString("hex")}`;
    const upload = mesh.target(`/api/v1/storage/files?name=${seed}`);
    await post(upload, Readable.from([randomBytes(16)]), 16);
    await addFiles(world, seed);
    const pages = (folder: string) => () =>
      speedOf(count, () => {
        const { url, headers } = mesh.target(
          `/api/v1/storage/files?prefix=${folder}&pageSize=${pageSize}&orderBy=name`,
        );
        const target = new URL(url);
        const bytes = rawRequest("GET", target, headers);
        return sendMany(target, { count, connections }, () => ({ bytes, status: 200 }));
      });
    return compare(pages("many/"), pages("few/"), world.roundsOf(rounds));
  },
};

/** Copies the row of a file. Uploads of so many would take hours. */
async function addFiles(world: World, seed: string): Promise<void> {
  const sql = connectPostgres(world.databaseUrl, { max: 1 });
  try {
    for (const [folder, files] of [
      ["many/", world.rowsOf(manyFiles)],
      ["few/", fewFiles],
    ] as const) {
      await sql`
        insert into storage.files (file_id, org_id, namespace, name, folder, content_type, size_bytes, sha256, creator_user_id)
        select gen_random_uuid(), org_id, namespace, number || '.bin', ${folder}::text, content_type, size_bytes, sha256,
          creator_user_id
        from storage.files cross join generate_series(1, ${files}::int) as number where name = ${seed}`;
    }
    await sql`analyze storage.files`;
  } finally {
    await sql.end();
  }
}
