import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { firstMissing, toolsFolder } from "../../../clients/generate/language.ts";
import { createEnvironment, python } from "../../../clients/generate/python.ts";
import { startOnFolder } from "../../e2e/mesh-process.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { bucketSettings, hasS3, startS3Server } from "../../storage/s3/s3-server.ts";
import { type Kit, type Lane, runProgram } from "../lane.ts";
import { steps } from "./steps.ts";

const folder = import.meta.dirname;
const page = join(folder, "../../../docs/readers.md");
const environment = join(toolsFolder, "python-readers");
/** Where DuckDB keeps its extension. */
const home = join(environment, "home");
/** They take half a minute on a machine that does nothing else. */
const timeoutMs = 600_000;

/** The oldest Python for which the packages are made. */
const hasVersion = ["python3", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"];

const kit: Kit = {
  missing: () => python.missing() ?? firstMissing(hasVersion),
  prepare() {
    createEnvironment(environment, ["--requirement", join(folder, "requirements.txt")]);
    mkdirSync(home, { recursive: true });
  },
};

const s3Kit: Kit = {
  ...kit,
  missing: () =>
    kit.missing() ?? (hasS3 ? undefined : ".ci/install-s3-server has not installed the S3 server"),
};

const fromDisk: Lane = {
  name: "Python readers, from disk",
  kit,
  steps,
  run: (journey, report) =>
    runProgram(
      { command: join(environment, "bin/python"), args: [join(folder, "main.py"), page, home], timeoutMs },
      journey,
      report,
    ),
};

const fromS3: Lane = {
  name: "Python readers, from S3",
  kit: s3Kit,
  steps,
  async run(journey, report) {
    await using server = await startS3Server();
    await using folder = await temporaryFolder();
    await using mesh = await startOnFolder(folder.path, journey.password, await bucketSettings(server));
    await fromDisk.run({ ...journey, url: mesh.url }, report);
  },
};

/** polars, pandas, pyarrow, DuckDB and fsspec, which read files by URL. */
export const readerLanes: readonly Lane[] = [fromDisk, fromS3];
