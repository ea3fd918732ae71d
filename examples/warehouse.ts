import { once } from "node:events";
import { createReadStream } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { type EmbeddedPostgres, startPostgres } from "../services/all-in-one/postgres/start-postgres.ts";
import { connectPostgres } from "../services/lib/database/postgres-client.ts";
import { aborted, stopSignal } from "../services/lib/process/lifetime.ts";

/**
 * An example database to register as a source: the bundled PostgreSQL with a table of airports and a role that may
 * read it. Takes a port as argument, runs until Ctrl-C, and removes its files.
 */
const port = Number(process.argv[2] ?? 54320);
const airports = fileURLToPath(new URL("../node_modules/vega-datasets/data/airports.csv", import.meta.url));

const stop = stopSignal();
await using folder = await temporaryFolder();
await using server = await startPostgres({ dataDirectory: folder.path, settings: { fsync: "off" } });
await fill(server.url);
await using door = await openPort(server, port);
console.log(`The warehouse is ready at 127.0.0.1:${door.port}`);
await aborted(stop);

async function fill(url: string): Promise<void> {
  const maintenance = connectPostgres(url, { max: 1 });
  await maintenance`create database warehouse`;
  await maintenance.end();
  const warehouse = connectPostgres(new URL("/warehouse", url).href, { max: 1 });
  await warehouse.unsafe(`
    create table airports (
      iata text primary key, name text, city text, state text, country text, latitude float8, longitude float8
    );
    create role reader login password 'reads only';
    grant select on airports to reader`);
  const rows = await warehouse`copy airports from stdin (format csv, header)`.writable();
  await pipeline(createReadStream(airports), rows);
  await warehouse.end();
}

/** Forwards a loopback TCP port to the server, which listens on a unix socket only. */
async function openPort({ superuser }: EmbeddedPostgres, wanted: number) {
  const socketPath = join(superuser.host, `.s.PGSQL.${superuser.port}`);
  const listener = createServer((client) => {
    const upstream = connect(socketPath);
    // An error on one socket closes the other.
    pipeline(client, upstream, client).catch(() => {});
  });
  listener.listen(wanted, "127.0.0.1");
  await once(listener, "listening");
  return {
    port: (listener.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => void listener.close(),
  };
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "sluice-warehouse-"));
  // Started by root, the server runs as another user, who needs access.
  await chmod(path, 0o711);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
