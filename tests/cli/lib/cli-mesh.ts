import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { startOnFolder } from "../../e2e/mesh-process.ts";
import { temporaryFolder } from "../../lib/test-mesh.ts";
import { type Env, runCli } from "./cli.ts";

export const password = "a long first password";
export const admin = "admin@sluice.local";

export type CliMesh = AsyncDisposable & {
  readonly url: string;
  /** Environment of a user who is logged in nowhere. */
  newUser(): Promise<Env>;
  /** Environment of an administrator. */
  readonly env: Env;
  readonly folder: string;
};

/** Starts a mesh with these settings, and logs in its administrator with the command line. */
export async function startCliMesh(settings: Env = {}): Promise<CliMesh> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder()).path;
  await mkdir(join(folder, "mesh"));
  const { url } = stack.use(await startOnFolder(join(folder, "mesh"), password, settings));
  const newUser = async () => ({
    SLUICE_CONFIG_DIR: await mkdtemp(join(folder, "user-")),
    SLUICE_SERVER: url,
  });
  const env = await newUser();
  const { code, stderr } = await runCli(env, ["login", "--email", admin, "--password-stdin"], password);
  if (code !== 0) throw new Error(stderr);
  return { url, newUser, env, folder, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
