// A job worker in a process of its own, for tests that kill or suspend it. It records in the table `notes` which jobs it started and
// which claims it lost. Each job runs until its claim is lost.
import { once } from "node:events";
import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { openJobsAlone } from "./open-jobs.ts";

const [url = "", queue = ""] = process.argv.slice(2);
const sql = connectPostgres(url);
const jobs = await openJobsAlone(url);
const note = (word: string, name: string) => sql`insert into notes (word, name) values (${word}, ${name})`;
await jobs.work<{ name: string }>(queue, { concurrency: 1 }, async ({ name }, signal) => {
  await note("began elsewhere", name);
  await once(signal, "abort");
  await note("lost elsewhere", name);
});
