import { homedir } from "node:os";
import { join } from "node:path";

export type Env = Readonly<Record<string, string | undefined>>;

/** Settings of a call: from its options, otherwise from the environment. */
export type Settings = {
  /** Folder of the credentials and of the history. */
  readonly folder: string;
  /** Address of the server; the context's one if unset. */
  readonly server: string | undefined;
  /** Name of the context; the current one if unset. */
  readonly context: string | undefined;
  /** Access token of the environment. */
  readonly token: string | undefined;
  /** API key of the environment. */
  readonly apiKey: string | undefined;
  /** Program that opens an address; undefined if there is no desktop. */
  readonly browser: string | undefined;
};

export type GlobalOptions = { readonly server?: string | undefined; readonly context?: string | undefined };

export function readSettings(env: Env, options: GlobalOptions): Settings {
  return {
    folder: folderOf(env),
    server: options.server ?? (env.SLUICE_SERVER || undefined),
    context: options.context ?? (env.SLUICE_CONTEXT || undefined),
    token: env.SLUICE_TOKEN || undefined,
    apiKey: env.SLUICE_API_KEY || undefined,
    browser: browserOf(env),
  };
}

function folderOf(env: Env): string {
  if (env.SLUICE_CONFIG_DIR) return env.SLUICE_CONFIG_DIR;
  return join(env.XDG_CONFIG_HOME || join(env.HOME || homedir(), ".config"), "sluice");
}

function browserOf(env: Env): string | undefined {
  if (env.BROWSER) return env.BROWSER;
  if (process.platform === "darwin") return "open";
  return env.DISPLAY || env.WAYLAND_DISPLAY ? "xdg-open" : undefined;
}
