import type { Import } from "./read-imports.ts";

/** Imports allowed to the files of a folder, and packages forbidden to them. */
type Wall = {
  /** A folder. `*` matches one name, available as `$1` in the allowed imports. */
  readonly place: string;
  /** Files and folders. */
  readonly imports: readonly string[];
  readonly except?: readonly string[];
  readonly because: string;
};

/** Import rules. The first rule whose folder contains the file applies. */
const walls: readonly Wall[] = [
  {
    place: "services/lib",
    imports: ["gen", "services/lib", "package.json"],
    because: "the library knows no service",
  },
  {
    place: "services/all-in-one/postgres",
    imports: ["services/all-in-one/postgres", "services/lib"],
    because: "the embedded server knows no service",
  },
  {
    place: "services/all-in-one",
    imports: ["gen", "services", "edge"],
    because: "the composition root starts what there is",
  },
  {
    place: "services/compat",
    imports: ["gen", "services/lib", "services/compat"],
    except: ["drizzle-orm", "postgres", "pg", "pg-boss"],
    because: "a compat API is a client of the mesh: it has no table and no job",
  },
  {
    place: "services/*/rpc",
    imports: ["gen", "services/lib", "services/$1"],
    except: ["services/$1/schema.ts", "drizzle-orm", "postgres", "pg", "@grpc/grpc-js"],
    because: "an RPC reads, decides and answers: SQL stands in the repository, the wire in services/lib",
  },
  {
    place: "services/*",
    imports: ["gen", "services/lib", "services/$1"],
    because: "a service calls another one over the mesh",
  },
  {
    place: "edge",
    imports: ["gen", "services/lib", "edge", "package.json"],
    because: "the edge knows contracts only",
  },
  {
    place: "cli",
    imports: ["gen", "cli", "package.json"],
    except: ["drizzle-orm", "postgres", "pg", "pg-boss", "@grpc/grpc-js", "@duckdb/node-api"],
    because: "the command line is a client like any other: it knows contracts only",
  },
  {
    place: "tools",
    imports: ["gen", "services/lib", "edge", "tools", "package.json"],
    because: "a tool reads contracts as the edge does",
  },
  {
    place: "tests/e2e",
    imports: ["gen", "tests"],
    because: "the end-to-end tests see what a user sees: gen and the ports",
  },
];

/** Packages that one place alone may import. */
const packageWalls = [
  {
    name: "pg",
    place: "services/lib/jobs/",
    because: "pg-boss needs a pool of pg; every other connection to PostgreSQL is one of postgres",
  },
];

/** Folders whose subfolders are rooms: imports between rooms go one way. `*` matches one name. */
export const roomFolders = [
  "edge",
  "edge/upstream",
  "services/*",
  "services/orchestration/connectors",
  "services/orchestration/connectors/mysql",
  "services/orchestration/connectors/postgresql",
  "services/orchestration/engine",
];

export type Breach = Import & { readonly because: string };

/** Imports that break a rule. */
export const breachesOf = (imports: readonly Import[]): Breach[] =>
  imports.flatMap((one) => {
    const owned = packageWalls.find(({ name, place }) => one.to === name && !one.from.startsWith(place));
    if (owned) return [{ ...one, because: owned.because }];
    const wall = wallOf(one.from);
    return wall && !isAllowed(one, wall) ? [{ ...one, because: wall.because }] : [];
  });

/** The rule that applies to a file, with the names that `*` matched. */
function wallOf(file: string): Wall | undefined {
  for (const wall of walls) {
    const [found, name] = new RegExp(`^${wall.place.replace("*", "([^/]+)")}/`).exec(file) ?? [];
    if (found === undefined) continue;
    const named = (places: readonly string[]) => places.map((place) => place.replace("$1", name ?? ""));
    return { ...wall, imports: named(wall.imports), except: named(wall.except ?? []) };
  }
  return undefined;
}

const isAllowed = ({ to, isPackage }: Import, { imports, except = [] }: Wall): boolean =>
  !except.includes(to) && (isPackage || imports.some((place) => to === place || to.startsWith(`${place}/`)));
