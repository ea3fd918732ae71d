import { chmod, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedPostgres, startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";

export type StoppableDatabase = AsyncDisposable & {
  /** Superuser's URL, the same before and after. */
  url: string;
  /** Stops the server as its operator would: every connection ends, new ones are refused. */
  stop(): Promise<void>;
  start(): Promise<void>;
};

/** A PostgreSQL server of the test's own behind an address that stays the same. */
export async function startStoppableDatabase(): Promise<StoppableDatabase> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "sluice-test-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  let server: EmbeddedPostgres | undefined;
  const start = async () => {
    server = await startPostgres({ dataDirectory: join(folder, "postgres"), settings: { fsync: "off" } });
  };
  const stop = async () => {
    await server?.[Symbol.asyncDispose]();
    server = undefined;
  };
  await start();
  stack.defer(stop);
  const door = stack.use(await openDoor(() => server && `${server.socketDirectory}/.s.PGSQL.5432`));
  const url = new URL((server as EmbeddedPostgres | undefined)?.url.replace(/@[^/]*/, "@127.0.0.1") ?? "");
  url.port = String(door.port);
  const owned = stack.move();
  return { url: url.href, stop, start, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** A TCP port that leads to a unix socket; while there is none, it hangs up. */
async function openDoor(pathOf: () => string | undefined): Promise<AsyncDisposable & { port: number }> {
  const open = new Set<Socket>();
  const server = createServer((outside) => {
    const path = pathOf();
    if (path === undefined) return outside.destroy();
    const inside = createConnection(path);
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        open.delete(one);
        other.destroy();
      });
    }
    return;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
