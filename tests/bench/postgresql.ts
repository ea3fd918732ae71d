import { rm } from "node:fs/promises";
import { join } from "node:path";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { createPostgresqlSource, stage } from "./calls.ts";
import { onceAWorld } from "./once-a-world.ts";
import { lapOf, missingForMemory } from "./peak-memory.ts";
import { missingForPython } from "./python.ts";
import { type Race, type Racer, race, ratioIn } from "./race.ts";
import { byNode, byPython } from "./rivals.ts";
import type { Row } from "./row.ts";
import { startTcpPostgres } from "./tcp-postgres.ts";
import type { World } from "./world.ts";

// A PostgreSQL table is staged as Parquet. Every side connects over TCP.

const rowCount = 5_000_000;
const rounds = 3;
const memoryMaxMb = 900;

const columns = `
  n AS id,
  (n * 7919 % 200000)::integer AS customer,
  (n * 0.37)::double precision AS price,
  (n % 1000000 / 100.0)::numeric(12, 2) AS amount,
  timestamptz '2025-01-01 00:00:00Z' + n * interval '1 second' AS created,
  date '2025-01-01' + (n % 365)::integer AS day,
  'customer ' || (n % 10007) AS name,
  n % 3 > 0 AS paid`;

type PostgresqlRacer = "Sluice" | "connectorx" | "connectorx, two partitions" | "COPY";

export const postgresqlRows: readonly Row[] = [
  rowAgainst("connectorx", "polars and connectorx", 1, missingForPython),
  rowAgainst(
    "connectorx, two partitions",
    "polars and connectorx, two partitions",
    undefined,
    missingForPython,
  ),
  rowAgainst("COPY", "COPY to a file, nothing else", 0.9),
  {
    name: "PostgreSQL to Parquet, 5,000,000 rows of 8 columns: peak memory of the mesh",
    target: { atMost: memoryMaxMb },
    missing: missingForMemory,
    async measure(world) {
      const { peakMb } = await measured(world);
      const { Sluice = 0, connectorx = 0 } = peakMb;
      return { value: Sluice, unit: "MB", figures: { connectorx } };
    },
  },
];

function rowAgainst(
  racer: PostgresqlRacer,
  against: string,
  target: number | undefined,
  missing: () => string | undefined = () => undefined,
): Row {
  return {
    name: "PostgreSQL to Parquet, 5,000,000 rows of 8 columns",
    against,
    target,
    missing,
    measure: async (world) => ratioIn(await measured(world), "Sluice", racer),
  };
}

const measured = onceAWorld(async (world: World): Promise<Race<PostgresqlRacer>> => {
  await using server = await startTcpPostgres(world.folder);
  await fill(server.url, world.rowsOf(rowCount));
  const mesh = await world.oneProcess();
  const source = await createPostgresqlSource(mesh, server.url);
  const out = join(world.folder, "rival.out");
  const writing =
    (racer: Racer): Racer =>
    async (lap) => {
      const done = await racer(lap);
      await rm(out, { force: true });
      return done;
    };
  const connectorx = (...partitions: string[]) =>
    missingForPython()
      ? nothing
      : writing(
          byPython("connectorx_parquet", server.url, "select * from public.orders", out, ...partitions),
        );
  const ours: Racer = (lap) =>
    lapOf(lap, mesh.process.roots, async () => {
      const beganMs = performance.now();
      await stage(mesh, source, "orders");
      return (performance.now() - beganMs) / 1000;
    });
  return await race<PostgresqlRacer>(
    {
      connectorx: connectorx(),
      Sluice: ours,
      COPY: writing(byNode("postgresql_copy", server.url, out)),
      "connectorx, two partitions": connectorx("id", "2"),
    },
    world.roundsOf(rounds),
  );
});

const nothing: Racer = async () => ({ seconds: Number.NaN });

async function fill(url: string, rows: number): Promise<void> {
  const sql = connectPostgres(url, { max: 1 });
  await sql.unsafe(
    `create table orders as select ${columns} from generate_series(0::bigint, ${rows - 1}) as r(n)`,
  );
  await sql`vacuum analyze orders`;
  await sql.end();
}
