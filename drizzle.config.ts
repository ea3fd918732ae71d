const service = process.env.SERVICE;

/** One configuration for every service: `SERVICE=storage npm run generate:migration`. */
export default {
  dialect: "postgresql",
  schema: `./services/${service}/schema.ts`,
  out: `./services/${service}/migrations`,
};
