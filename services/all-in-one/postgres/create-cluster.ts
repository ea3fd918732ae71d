import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Account } from "./account.ts";
import type { Site } from "./choose-site.ts";
import { isErrorCode } from "./is-error-code.ts";
import { runTool } from "./run-tool.ts";

export const SUPERUSER = "postgres";

const DRAFT_PREFIX = "cluster-draft-";

/** Creates the cluster atomically. An interrupted first start leaves a draft, which the next start removes. */
export async function createCluster(site: Site, binaries: string, durable: boolean): Promise<void> {
  if (!(await exists(site.cluster))) await initialise(site, binaries, durable);
  await sweepDrafts(site.home);
}

async function initialise(site: Site, binaries: string, durable: boolean): Promise<void> {
  const draft = await mkdtemp(join(site.home, DRAFT_PREFIX));
  try {
    await fillDraft(draft, site.account, binaries, durable);
    await rename(draft, site.cluster);
    await syncFolder(site.home);
  } catch (error) {
    // Another process was faster. Its cleanup may have removed our draft during initdb.
    const lost = isErrorCode(error, "ENOTEMPTY", "EEXIST") || (await exists(site.cluster));
    if (!lost) throw error;
  } finally {
    await remove(draft);
  }
}

async function fillDraft(draft: string, account: Account, binaries: string, durable: boolean): Promise<void> {
  const data = join(draft, "data");
  const passwordFile = join(draft, "superuser-password");
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600, flush: true });
  if (account) {
    // The draft folder is owned by root, so that the server's account can't replace it before root renames it.
    await chmod(draft, 0o711);
    await chown(data, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"];
  const access = ["--auth=scram-sha-256", `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`];
  const sync = durable ? [] : ["--no-sync"];
  await runTool(
    join(binaries, "initdb"),
    [...locale, ...access, ...sync, "--no-instructions", "-D", data],
    account,
  );
}

async function sweepDrafts(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (name.startsWith(DRAFT_PREFIX)) await remove(join(home, name));
  }
}

/** Best effort: an initdb may still write into the draft. The next start tries again. */
const remove = (draft: string) => rm(draft, { recursive: true, force: true }).catch(() => {});

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder);
  await handle.sync();
}

const exists = (path: string) => stat(path).then(Boolean, () => false);
