import { rmSync } from "node:fs";
import { join } from "node:path";
import { firstMissing, type Language, packageFolder, runPlugins, runTool, toolsFolder } from "./language.ts";

const folder = packageFolder("go");
const binaries = join(toolsFolder, "go");

/** Messages, grpc-go stubs and connect-go clients. `go.mod` pins the plugins as tools of the module. */
export const go: Language = {
  name: "Go",
  folder,
  missing: () => firstMissing(["go", "version"]),
  generate() {
    runTool("go", ["build", "-o", `${binaries}/`, "tool"], { cwd: folder });
    rmSync(join(folder, "sluice"), { recursive: true, force: true });
    runPlugins(
      ["protoc-gen-go", "protoc-gen-go-grpc", "protoc-gen-connect-go"].map((plugin) => ({
        local: join(binaries, plugin),
        out: folder,
        opt: "paths=source_relative",
      })),
    );
  },
};
