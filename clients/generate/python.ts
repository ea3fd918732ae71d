import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { firstMissing, type Language, packageFolder, runPlugins, runTool, toolsFolder } from "./language.ts";

const toolsVersion = "1.85.1";

const folder = packageFolder("python");
const environment = join(toolsFolder, `grpcio-tools-${toolsVersion}`);

/** Messages with type stubs, and grpcio stubs. */
export const python: Language = {
  name: "Python",
  folder,
  missing: () => firstMissing(["python3", "-c", "import venv, ensurepip"]),
  generate() {
    const interpreter = createEnvironment(environment, [`grpcio-tools==${toolsVersion}`]);
    const out = join(folder, "sluice");
    rmSync(out, { recursive: true, force: true });
    mkdirSync(out, { recursive: true });
    // buf starts one plugin per protoc run. The service plugin exists only inside grpcio-tools' protoc.
    const more = ["pyi", "grpc_python"].map((name) => `--${name}_out=${folder}`);
    runPlugins([
      {
        protoc_builtin: "python",
        protoc_path: [interpreter, "-m", "grpc_tools.protoc", ...more],
        out: folder,
      },
    ]);
  },
};

/** Creates or updates a virtual environment with these packages. Returns the path of its interpreter. */
export function createEnvironment(path: string, packages: readonly string[]): string {
  const interpreter = join(path, "bin/python");
  runTool("python3", ["-m", "venv", path]);
  runTool(interpreter, ["-m", "pip", "install", "--quiet", ...packages]);
  return interpreter;
}
