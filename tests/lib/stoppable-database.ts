import { chmod, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EmbeddedPostgres, startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";

export type StoppableDatabase = AsyncDisposable & {
  /** The superuser's URL, the same after a restart. */
  url: string;
  /** Stops the server: all connections end and new ones are refused. */
  stop(): Promise<void>;
  start(): Promise<void>;
};

/** Starts a PostgreSQL server behind a TCP port that stays the same while the server is stopped and started. */
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
  const forwarder = stack.use(
    await forwardToSocket(() => server && `${server.socketDirectory}/.s.PGSQL.5432`),
  );
  const url = new URL((server as EmbeddedPostgres | undefined)?.url.replace(/@[^/]*/, "@127.0.0.1") ?? "");
  url.port = String(forwarder.port);
  const owned = stack.move();
  return { url: url.href, stop, start, [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose]() };
}

/** Forwards a TCP port to a unix socket. Connections are closed while `pathOf` returns undefined. */
async function forwardToSocket(
  pathOf: () => string | undefined,
): Promise<AsyncDisposable & { port: number }> {
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
