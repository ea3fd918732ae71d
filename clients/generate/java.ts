import { chmodSync, rmSync } from "node:fs";
import { arch, platform } from "node:os";
import { join } from "node:path";
import { firstMissing, type Language, packageFolder, runPlugins, runTool, toolsFolder } from "./language.ts";

const folder = packageFolder("java");
const binaries = join(toolsFolder, "java");

/** Options that make Maven print errors only. */
export const quietly = ["--batch-mode", "--quiet", "-Dstyle.color=never"];

/** Messages and grpc-java stubs. The compilers come from Maven, in the versions of the package's `pom.xml`. */
export const java: Language = {
  name: "Java",
  folder,
  missing: () => firstMissing(["javac", "-version"], ["mvn", "--version"]),
  generate() {
    const options = [`-Dcompilers.platform=${mavenPlatform()}`, `-Dcompilers.folder=${binaries}`];
    runTool("mvn", [...quietly, "dependency:copy@compilers", ...options], { cwd: folder });
    const [protoc, plugin] = ["protoc", "protoc-gen-grpc-java"].map((name) => join(binaries, name));
    if (!protoc || !plugin) throw new Error("Maven copied no compilers");
    for (const binary of [protoc, plugin]) chmodSync(binary, 0o755);
    const out = join(folder, "src/main/java");
    rmSync(out, { recursive: true, force: true });
    runPlugins([
      { protoc_builtin: "java", protoc_path: protoc, out },
      { local: plugin, out, opt: "@generated=omit" },
    ]);
  },
};

/** Platform classifier of Maven artifacts, such as `linux-x86_64`. */
function mavenPlatform(): string {
  const systems: Readonly<Record<string, string>> = { linux: "linux", darwin: "osx", win32: "windows" };
  const processors: Readonly<Record<string, string>> = { x64: "x86_64", arm64: "aarch_64" };
  return `${systems[platform()]}-${processors[arch()]}`;
}
