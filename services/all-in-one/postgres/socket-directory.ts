import { chown, mkdtemp, rmdir, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Account, canEnter } from "./account.ts";

export const PORT = 5432;

const PREFIX = "sluice-pg-";
const SOCKET = `.s.PGSQL.${PORT}`;
/** macOS allows a socket path of 103 bytes, Linux 107. */
const SOCKET_PATH_BYTES_MAX = 103;

/** Separate folder with a short path: the data folder's may exceed the limit of socket paths. */
export async function createSocketDirectory(account: Account): Promise<string> {
  const directory = await mkdtemp(join(await chooseParent(account), PREFIX));
  if (account) await chown(directory, account.uid, account.gid);
  return directory;
}

async function chooseParent(account: Account): Promise<string> {
  const sample = join(tmpdir(), `${PREFIX}XXXXXX`, SOCKET);
  const short = Buffer.byteLength(sample) <= SOCKET_PATH_BYTES_MAX;
  return short && (await canEnter(account, tmpdir())) ? tmpdir() : "/tmp";
}

/** Removes only files that a server creates: the server's account can write the file that names this folder. */
export async function removeSocketDirectory(directory: string): Promise<void> {
  if (!basename(directory).startsWith(PREFIX)) return;
  const gone = () => {};
  await unlink(join(directory, SOCKET)).catch(gone);
  await unlink(join(directory, `${SOCKET}.lock`)).catch(gone);
  await rmdir(directory).catch(gone);
}
