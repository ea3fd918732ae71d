import {
  access,
  chmod,
  constants,
  mkdir,
  mkdtemp,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
} from "node:fs/promises";
import { basename, join } from "node:path";
import { type Account, canEnter, chooseAccount } from "./account.ts";
import { isErrorCode } from "./is-error-code.ts";
import { openSharedDirectory } from "./open-shared-directory.ts";

/** Paths of one data folder's server. */
export type Site = {
  dataDirectory: string;
  /** Folder of the cluster: the data folder, or one that the server's account can reach. */
  home: string;
  cluster: string;
  /** PGDATA */
  data: string;
  passwordFile: string;
  log: string;
  account: Account;
};

export async function chooseSite(dataDirectory: string, sharedDirectory: string): Promise<Site> {
  const folder = await openFolder(dataDirectory);
  const moved = await findMoved(folder);
  const account = await chooseAccount(layOut(folder, moved ?? folder).data);
  if (moved || (await canEnter(account, folder))) return { ...layOut(folder, moved ?? folder), account };
  if (await stat(layOut(folder, folder).cluster).catch(() => undefined)) {
    throw new Error(
      `the server's account (uid ${account?.uid}) can no longer enter ${folder}, where the database is: ` +
        "let it pass with chmod o+x on the closed parent folder",
    );
  }
  return { ...layOut(folder, await moveAway(folder, sharedDirectory, account)), account };
}

function layOut(dataDirectory: string, home: string): Omit<Site, "account"> {
  const cluster = join(home, "cluster");
  return {
    dataDirectory,
    home,
    cluster,
    data: join(cluster, "data"),
    passwordFile: join(cluster, "superuser-password"),
    log: join(dataDirectory, "server.log"),
  };
}

async function openFolder(dataDirectory: string): Promise<string> {
  try {
    await mkdir(dataDirectory, { recursive: true, mode: process.geteuid?.() === 0 ? 0o755 : 0o700 });
    await access(dataDirectory, constants.R_OK | constants.W_OK | constants.X_OK);
    return await realpath(dataDirectory);
  } catch (cause) {
    throw new Error(
      `cannot write to the database folder ${dataDirectory}: ${(cause as Error).message}; ` +
        "choose another folder, or make this one writable for the user who starts Sluice",
      { cause },
    );
  }
}

/** A symbolic link: created atomically, only once, and visible in a directory listing. */
const movedLink = (folder: string) => join(folder, "moved-to");

async function findMoved(folder: string): Promise<string | undefined> {
  const home = await readlink(movedLink(folder)).catch((error) => {
    if (isErrorCode(error, "ENOENT")) return undefined;
    throw error;
  });
  if (!home || (await stat(home).catch(() => undefined))) return home;
  // An empty start would look like data loss.
  throw new Error(
    `the database of ${folder} was kept in ${home}, which is missing or closed to this user: bring it back, start as ` +
      `root as before, or delete the link ${movedLink(folder)} to begin with an empty database`,
  );
}

async function moveAway(folder: string, sharedDirectory: string, account: Account): Promise<string> {
  await openSharedDirectory(sharedDirectory, folder, account);
  const name = basename(folder)
    .replaceAll(/[^\w.-]/g, "_")
    .slice(0, 40);
  // Random, not derived from the path: a recreated data folder must start empty, a renamed one must keep its rows.
  const home = await mkdtemp(join(sharedDirectory, `${name}-`));
  await chmod(home, 0o711);
  await symlink(folder, join(home, "belongs-to"));
  try {
    await symlink(home, movedLink(folder));
    return home;
  } catch (error) {
    await rm(home, { recursive: true });
    // Another process was faster.
    if (!isErrorCode(error, "EEXIST")) throw error;
    return await readlink(movedLink(folder));
  }
}
