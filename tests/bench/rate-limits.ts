/** Higher than any load, so that calls are counted and none is refused. */
const noLimit = "1000000000/1";

/** Settings of a measured edge. */
export const limitsOutOfReach = {
  RATE_LIMIT_ADDRESS: noLimit,
  RATE_LIMIT_USER: noLimit,
  RATE_LIMIT_API_KEY: noLimit,
  RATE_LIMIT_ORG: noLimit,
  // Calls are measured whole.
  RESPONSE_CACHE_MIB: "0",
  READ_LIMIT_USER: "1000000000000000/1",
  READ_LIMIT_ORG: "1000000000000000/1",
  READ_LIMIT_API_KEY: "1000000000000000/1",
  // Slow readers have one key, and are more than it may have.
  CONCURRENCY_LIMIT_USER: "1000",
  CONCURRENCY_LIMIT_API_KEY: "1000",
  READ_CONCURRENCY_USER: "1000",
  READ_CONCURRENCY_API_KEY: "1000",
  READ_CONCURRENCY_ORG: "1000",
};
