import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../services/all-in-one/config.ts";
import { run } from "../../services/all-in-one/run.ts";
import { stopSignal } from "../../services/lib/process/lifetime.ts";

export type Sluice = AsyncDisposable & {
  url: string;
  email: string;
  password: string;
};

/** Starts Sluice in this process, on a temporary folder. */
export async function startSluice(): Promise<Sluice> {
  const stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "sluice-demo-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  // Started by root, the database runs as another user, who needs access.
  await chmod(folder, 0o711);
  const email = "admin@sluice.local";
  const password = "a long password of the demo";
  const config = parseConfig({
    SLUICE_DATA_DIR: join(folder, "data"),
    EDGE_PORT: "0",
    BOOTSTRAP_ADMIN_EMAIL: email,
    BOOTSTRAP_ADMIN_PASSWORD: password,
    LOG_LEVEL: "error",
  });
  const end = new AbortController();
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  const running = run(config, AbortSignal.any([end.signal, stopSignal()]), ({ url }) => resolve(url));
  running.then(() => reject(new Error("stopped")), reject);
  stack.defer(async () => {
    end.abort();
    await running;
  });
  try {
    return { url: await ready, email, password, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
