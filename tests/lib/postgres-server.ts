import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../../services/all-in-one/postgres/start-postgres.ts";

/** Starts a PostgreSQL server in a temporary folder, which disposal removes. `url` is the superuser's. */
export async function startPostgresServer(
  settings: Record<string, string> = {},
): Promise<AsyncDisposable & { url: string }> {
  const folder = await mkdtemp(join(tmpdir(), "sluice-test-"));
  // For root the server runs as another user, which needs to enter the folder.
  await chmod(folder, 0o711);
  const server = await startPostgres({
    dataDirectory: join(folder, "postgres"),
    settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", ...settings },
  });
  return {
    url: server.url,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
