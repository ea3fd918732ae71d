import { z } from "zod";

/** Settings of CDAP's API. */
export const cdapEnv = {
  /** Whether a namespace can be deleted, with everything in it. */
  CDAP_UNRECOVERABLE_RESET: z.enum(["true", "false"], "must be true or false").default("false"),
};
