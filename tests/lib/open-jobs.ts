import { connectPostgres } from "../../services/lib/database/postgres-client.ts";
import { type Jobs, openJobs } from "../../services/lib/jobs/jobs.ts";
import { createLog } from "../../services/lib/telemetry/log.ts";

/** Opens job queues on a database that has no other tables of the service. */
export async function openJobsAlone(url: string): Promise<Jobs> {
  const sql = connectPostgres(url, { max: 1 });
  const jobs = await openJobs({
    url,
    service: "staging",
    log: createLog("jobs", { logLevel: "silent" }),
    async listen(channel, onNotification) {
      await sql.listen(channel, onNotification);
    },
  });
  return {
    ...jobs,
    async [Symbol.asyncDispose]() {
      await jobs[Symbol.asyncDispose]();
      await sql.end({ timeout: 1 });
    },
  };
}
