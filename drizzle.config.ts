import { defineConfig } from "drizzle-kit";

const service = process.env.SERVICE;

/** One configuration for every service: `SERVICE=storage drizzle-kit generate`. */
export default defineConfig({
  dialect: "postgresql",
  schema: [`./services/${service}/schema.ts`, `./services/${service}/*/*-schema.ts`],
  out: `./services/${service}/migrations`,
});
