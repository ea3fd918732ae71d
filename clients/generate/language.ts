import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { contractOptions, publicTypes } from "./contract.ts";

const root = join(import.meta.dirname, "../..");

/** Where the tools of the languages are kept; git ignores it. */
export const toolsFolder = join(root, ".cache/clients");

/** A language with stubs. */
export type Language = {
  readonly name: string;
  /** The folder of its package. */
  readonly folder: string;
  /** What of its toolchain this machine does not have. */
  missing(): string | undefined;
  /** Writes the stubs into the package. Throws where a tool fails. */
  generate(): void;
};

/** The folder of a language's package, which holds how it is built; its stubs are written into it. */
export const packageFolder = (language: string): string => join(root, "clients", language);

/** Of the commands given, with their arguments, the first that does not run. */
export function firstMissing(...commands: readonly string[][]): string | undefined {
  const missing = commands.find(
    ([command = "", ...args]) => spawnSync(command, args, { stdio: "ignore" }).status !== 0,
  );
  return missing && `\`${missing.join(" ")}\` does not run`;
}

/** Runs a tool, which prints only what it has to say; throws when it fails. */
export function runTool(
  command: string,
  args: readonly string[],
  { cwd = root }: { cwd?: string } = {},
): void {
  execFileSync(command, args, { cwd, stdio: "inherit" });
}

/** A plugin as buf's template names it. */
type Plugin = { out: string; opt?: string | readonly string[] } & (
  | { local: string }
  | { protoc_builtin: string; protoc_path: string | readonly string[] }
);

const httpBody = { path: "google/api/httpbody.proto" };

/** How the contract is called in languages whose names it does not say itself; Google's is in packages of Google's. */
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

/** Has buf run plugins on the public contracts. */
export function runPlugins(plugins: readonly Plugin[]): void {
  const template = {
    version: "v2",
    managed,
    inputs: [{ directory: "proto", paths: ["proto/sluice"] }],
    plugins: plugins.map((plugin) => ({ ...plugin, types: publicTypes, exclude_types: contractOptions })),
  };
  runTool("buf", ["generate", "--template", JSON.stringify(template)]);
}
