/** Candidates that a search by index keeps: more find more of the nearest, and take longer. */
export const searchListSize = 100;

/** Settings of the database's sessions. Without pgvector they have no effect. */
export const sessionSettings: Readonly<Record<string, string>> = {
  "hnsw.ef_search": String(searchListSize),
  // A search goes on until enough rows match the filter, instead of filtering one list of candidates.
  "hnsw.iterative_scan": "relaxed_order",
  // The best plan depends on the filter's values: a prepared statement is planned each time, as others are.
  plan_cache_mode: "force_custom_plan",
  // Building an index on disk takes much longer than in memory.
  maintenance_work_mem: "512MB",
  // Parallel builds share memory that containers often do not have.
  max_parallel_maintenance_workers: "0",
};
