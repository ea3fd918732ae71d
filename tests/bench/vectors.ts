import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Client } from "@connectrpc/connect";
import { VectorService } from "../../gen/sluice/storage/v1/vectors_pb.ts";
import { provisionDatabase } from "../../services/all-in-one/provision-database.ts";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { hasPgvector, startPgvectorServer, vectorCache } from "../lib/pgvector-server.ts";
import { type ServiceProcess, spawnService } from "../lib/service-process.ts";
import { meshKeys, principal } from "../lib/test-mesh.ts";
import { type Comparison, compare } from "./compare.ts";
import { onceAWorld } from "./once-a-world.ts";
import type { Row } from "./row.ts";
import type { World } from "./world.ts";

// Filtered search among 100,000 vectors of 384 values. A tenth of them matches the filter.

const vectorCount = 100_000;
const dimension = 384;
const groupCount = 10;
const k = 10;
const queryCount = 300;
const rounds = 5;

const name = `p95 of the filtered nearest ${k} of ${vectorCount.toLocaleString("en")} × ${dimension}`;

/** PostgreSQL with pgvector and numpy come together. */
const missing = () =>
  hasPgvector ? undefined : "there is no pgvector: `npm run test:vectors` installs it, and numpy";

const pgvectorRow: Row = {
  name,
  against: "pgvector alone",
  target: 0.8,
  missing,
  measure: async (world) => (await measureBoth(world)).pgvector,
};

const numpyRow: Row = {
  name: `${name}, exact`,
  against: "numpy",
  target: undefined,
  missing,
  measure: async (world) => (await measureBoth(world)).numpy,
};

export const vectorRows: readonly Row[] = [pgvectorRow, numpyRow];

/** Filling the collection takes longest, so that both rows share it. */
const measureBoth = onceAWorld(async (world): Promise<Record<"pgvector" | "numpy", Comparison>> => {
  await using scene = await createScene(world);
  const pgvector = await compareP95(world, scene.searchBy("pgvector"), scene.searchTable);
  await using numpy = await scene.startNumpy();
  return { pgvector, numpy: await compareP95(world, scene.searchBy("exact"), numpy.search) };
});

/** Makes one search. Returns its milliseconds. */
type Search = (query: number[], group: number) => Promise<number>;

async function compareP95(world: World, ours: Search, other: Search): Promise<Comparison> {
  const next = createGenerator(99);
  const queries = Array.from({ length: queryCount }, () => ({
    query: vectorOf(next),
    group: Math.floor(next() * groupCount),
  }));
  const speedOfP95 = (search: Search) => async () => {
    const times: number[] = [];
    for (const { query, group } of queries) times.push(await search(query, group));
    times.sort((one, two) => one - two);
    return 1000 / (times[Math.floor(times.length * 0.95)] ?? Number.NaN);
  };
  return compare(speedOfP95(ours), speedOfP95(other), world.roundsOf(rounds));
}

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
};

async function createScene(world: World) {
  const count = world.rowsOf(vectorCount);
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startPgvectorServer({ shared_buffers: "1GB" }));
  const urls = await provisionDatabase({
    adminUrl: server.url,
    rolePrefix: "sluice",
    passwordOf: () => "secret",
  });
  const sql = connectPostgres(server.url, {
    max: 1,
    connection: { "hnsw.iterative_scan": "relaxed_order", "hnsw.ef_search": "100" },
  });
  stack.defer(() => sql.end({ timeout: 5 }));
  const folder = join(world.folder, "vectors");
  await mkdir(folder);
  const start = (engine: string) => startStorage(urls.storage, folder, engine);
  const services = { pgvector: stack.use(await start("pgvector")), exact: stack.use(await start("exact")) };
  const who = principal();
  const values = new Float32Array(count * dimension);
  const vectors = services.pgvector.client(VectorService, who);
  const collectionId = await fill(vectors, values);
  const table = `storage.vectors_of_${collectionId.replaceAll("-", "")}`;
  await awaitIndex(sql, collectionId);
  const kept = stack.move();
  return {
    searchBy(engine: keyof typeof services): Search {
      const client = services[engine].client(VectorService, who);
      return (vector, group) =>
        timed(() => client.searchVectors({ collectionId, vector, k, filter: `group = ${group}` }));
    },
    /** The same table and index, without Sluice. */
    searchTable: ((vector, group) =>
      timed(() =>
        sql.unsafe(
          `select vector_id, embedding <#> $1::vector as distance from ${table}
           where metadata @> $2::jsonb order by embedding <#> $1::vector limit ${k}`,
          [`[${vector.join(",")}]`, { group } as never],
        ),
      )) satisfies Search,
    async startNumpy() {
      const path = join(folder, "vectors.f32");
      await writeFile(path, Buffer.from(values.buffer));
      return startNumpy(path);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Storage alone: identity is asked for nothing in the default namespace. */
const startStorage = (databaseUrl: string, folder: string, engine: string): Promise<ServiceProcess> =>
  spawnService("storage", {
    GRPC_LISTEN: "127.0.0.1:0",
    DATABASE_URL: databaseUrl,
    MESH_PRIVATE_KEY: meshKeys.privateKeys.storage,
    MESH_TRUSTED_KEYS: JSON.stringify(meshKeys.publicKeys),
    STORAGE_DIR: folder,
    IDENTITY_ADDRESS: "127.0.0.1:1",
    ORCHESTRATION_ADDRESS: "127.0.0.1:1",
    URL_SIGNING_KEY: Buffer.alloc(32, 1).toString("base64"),
    VECTOR_ENGINE: engine,
  });

async function fill(vectors: Client<typeof VectorService>, values: Float32Array): Promise<string> {
  const { collection } = await vectors.createCollection({ collection: { name: "bench", dimension } });
  const collectionId = collection?.collectionId ?? "";
  const next = createGenerator(1);
  async function* messages() {
    for (let at = 0; at < values.length / dimension; at += 1000) {
      yield {
        collectionId,
        vectors: Array.from({ length: 1000 }, (_, index) => {
          const vector = vectorOf(next);
          values.set(vector, (at + index) * dimension);
          return {
            vectorId: String(at + index),
            values: vector,
            metadata: { group: (at + index) % groupCount },
          };
        }),
      };
    }
  }
  await vectors.upsertVectors(messages());
  return collectionId;
}

async function awaitIndex(sql: ReturnType<typeof connectPostgres>, collectionId: string): Promise<void> {
  for (;;) {
    const [row] = await sql`
      select is_indexed, pg_sleep(0.5) from storage.vector_collections where collection_id = ${collectionId}`;
    if (row?.is_indexed) return;
  }
}

/** Numbers from 0 to 1, the same in each run. */
function createGenerator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Embeddings are not spread evenly: they lie around some hundred directions. */
function vectorOf(next: () => number): number[] {
  const centre = createGenerator(1 + Math.floor(next() * 300));
  return Array.from({ length: dimension }, () => centre() - 0.5 + (next() - 0.5) * 0.8);
}

/** numpy in a process of its own, which measures itself: the way to it costs nothing. */
async function startNumpy(path: string): Promise<AsyncDisposable & { search: Search }> {
  const program = join(import.meta.dirname, "numpy-search.py");
  const args = [program, path, String(dimension), String(groupCount), String(k)];
  const child = spawn(join(vectorCache, "python/bin/python"), args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async search(query, group) {
      child.stdin.write(`${JSON.stringify({ query, group })}\n`);
      const { value } = await lines.next();
      return (JSON.parse(value ?? "{}") as { ms: number }).ms;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      child.stdin.end();
      await ended;
    },
  };
}
