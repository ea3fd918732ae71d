import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openPostgresStore } from "../../../edge/admission/postgres-store.ts";
import { openRedisStore } from "../../../edge/admission/redis-store.ts";
import type { Store } from "../../../edge/admission/store.ts";
import { connectPostgres } from "../../../services/lib/database/postgres-client.ts";
import { startRedisServer } from "../../lib/redis-server.ts";
import { startStoppableDatabase } from "../../lib/stoppable-database.ts";

/** A store that tests suspend, stop and restart. */
export type StoppableStore = AsyncDisposable & {
  open(): Promise<Store>;
  /** Suspends the processes: connections stay open, without responses. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Stops the server: connections end, and new ones are refused. */
  kill(): Promise<void>;
  start(): Promise<void>;
};

export async function stoppableRedis(): Promise<StoppableStore> {
  const server = await startRedisServer();
  return {
    open: () => openRedisStore(server.url),
    freeze: async () => server.signal("SIGSTOP"),
    thaw: async () => server.signal("SIGCONT"),
    kill: server.kill,
    start: server.start,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

export async function stoppablePostgres(): Promise<StoppableStore> {
  const server = await startStoppableDatabase();
  let frozen: number[] = [];
  return {
    open: () => openPostgresStore(server.url),
    async freeze() {
      const sql = connectPostgres(server.url, { max: 1 });
      const rows = await sql<{ pid: number; folder: string }[]>`
        select pid, current_setting('data_directory') as folder
        from pg_stat_activity where application_name = 'sluice edge'`;
      await sql.end();
      const [{ folder } = { folder: "" }] = rows;
      const first = Number.parseInt(await readFile(join(folder, "postmaster.pid"), "utf8"), 10);
      // Includes the postmaster, which would accept new connections.
      frozen = [first, ...rows.map(({ pid }) => pid)];
      for (const pid of frozen) process.kill(pid, "SIGSTOP");
    },
    async thaw() {
      for (const pid of frozen) process.kill(pid, "SIGCONT");
    },
    kill: server.stop,
    start: server.start,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
