import type pg from "pg";
import type { QueueLength } from "../telemetry/queue-metrics.ts";

/** Number of jobs in each queue of a schema by state, zeros included. */
export async function countJobs(pool: pg.Pool, schema: string): Promise<QueueLength[]> {
  const { rows } = await pool.query(
    `select queue.name as queue, states.state::text as state, count(job.id)::int as jobs
     from ${schema}.queue
     cross join unnest(enum_range(null::${schema}.job_state)) as states (state)
     left join ${schema}.job on job.name = queue.name and job.state = states.state
     group by 1, 2`,
  );
  return rows;
}
