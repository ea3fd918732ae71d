// The program that owns a data folder, for tests that kill it. Prints its progress, one word per line.
import postgres from "postgres";
import { startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";

const [dataDirectory = "", sharedDirectory = ""] = process.argv.slice(2);
const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));

const server = await startPostgres({ dataDirectory, sharedDirectory, settings: { fsync: "off" } });
const sql = postgres({ ...server.superuser, database: "postgres", onnotice: () => {} });
await sql`create table if not exists note (text text)`;
await sql`insert into note values ('committed')`;
console.log("ready");

await interrupted;
await sql`insert into note values ('drained')`;
await sql.end();
await server[Symbol.asyncDispose]();
console.log("disposed");
