import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { contractOptions, publicTypes } from "./contract.ts";

const root = join(import.meta.dirname, "../..");

/** Folder of the languages' tools, ignored by git. */
export const toolsFolder = join(root, ".cache/clients");

/** A language that stubs are generated for. */
export type Language = {
  readonly name: string;
  /** Folder of its package. */
  readonly folder: string;
  /** Missing part of the toolchain; undefined if complete. */
  missing(): string | undefined;
  /** Writes the stubs into the package. Throws where a tool fails. */
  generate(): void;
};

/** Folder of a language's package: build files, and the generated stubs. */
export const packageFolder = (language: string): string => join(root, "clients", language);

/** The first of the commands (with arguments) that fails to run. */
export function firstMissing(...commands: readonly string[][]): string | undefined {
  const missing = commands.find(
    ([command = "", ...args]) => spawnSync(command, args, { stdio: "ignore" }).status !== 0,
  );
  return missing && `\`${missing.join(" ")}\` does not run`;
}

/** Runs a tool with its output inherited. Throws if it fails. */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd = root }: { cwd?: string } = {},
): void {
  execFileSync(command, args, { cwd, stdio: "inherit" });
}

/** A plugin entry of buf's template. */
type Plugin = { out: string; opt?: string | readonly string[] } & (
  | { local: string }
  | { protoc_builtin: string; protoc_path: string | readonly string[] }
);

const httpBody = { path: "google/api/httpbody.proto" };

/** Package prefixes for languages whose options the contracts don't set. Google's types have packages of their own. */
const managed = {
  enabled: true,
  disable: [{ file_option: "java_package", path: "sluice" }],
  override: [
    { file_option: "go_package_prefix", value: "sluice-client" },
    { file_option: "go_package", ...httpBody, value: "google.golang.org/genproto/googleapis/api/httpbody" },
    { file_option: "java_package", ...httpBody, value: "com.google.api" },
    { file_option: "java_outer_classname", ...httpBody, value: "HttpBodyProto" },
  ],
};

/** Runs plugins on the public contracts through buf. */
export function runPlugins(plugins: readonly Plugin[]): void {
  const template = {
    version: "v2",
    managed,
    inputs: [{ directory: "proto", paths: ["proto/sluice"] }],
    plugins: plugins.map((plugin) => ({ ...plugin, types: publicTypes, exclude_types: contractOptions })),
  };
  runTool("buf", ["generate", "--template", JSON.stringify(template)]);
}
