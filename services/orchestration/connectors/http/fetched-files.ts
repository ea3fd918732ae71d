import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { BorrowedBlob } from "../../blobs/blob-cache.ts";
import type { BlobFolder, BlobHeader } from "../../blobs/blob-folder.ts";
import type { resolveHost } from "../../source-process/resolve-host.ts";
import type { SourceClient } from "../../source-process/source-client.ts";
import type { SourceProcesses } from "../../source-process/source-processes.ts";
import type { Limit } from "../../timing/limit.ts";
import { callersOrg } from "../callers-org.ts";
import type { FileReaderDeps } from "../file/deps.ts";
import type { LoginDeps } from "../network/prepare-login.ts";
import type { Fetch } from "./fetched.ts";
import { type HttpLogin, prepareHttpLogin } from "./prepare-http-login.ts";
import { receiveFile } from "./receive-file.ts";
import type { HttpServerSettings } from "./server-settings.ts";

export type FetchDeps = FileReaderDeps &
  LoginDeps & {
    readonly processes: SourceProcesses;
    /** Where fetched bytes are kept. */
    readonly fetched: BlobFolder;
  };

type FileToFetch = {
  /** Name of the file, for messages. */
  readonly name: string;
  readonly settings: HttpServerSettings;
  readonly limit: Limit;
  /** How long bytes that were fetched may be used again. */
  readonly reuseSeconds: number;
};

type KnownFile = BlobHeader & { readonly etag: string | undefined; readonly fetchedMs: number };
type HeldFile = { readonly file: KnownFile; readonly blob: BorrowedBlob };

const filesMax = 1000;

/** Files that the process of a source fetches: what a server sends can harm only that process. */
export function fetchedFiles(deps: FetchDeps, connector: string) {
  const { engine, fetched, processes } = deps;
  const known = new LRUCache<string, KnownFile>({ max: filesMax });

  /** Runs work in the source's process, with a fresh login. */
  async function request<T>(
    settings: HttpServerSettings,
    { signal }: Limit,
    work: (process: SourceClient, login: HttpLogin, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    using process = processes.lend({ orgId: callersOrg(), connector, settings });
    const lookup = (host: string) =>
      process.client.request<typeof resolveHost>("resolveHost", { host }, { signal });
    const login = await prepareHttpLogin(deps, connector, settings, lookup, signal);
    return await work(process.client, login, signal);
  }

  const lent = (name: string, { sha256 }: BlobHeader, path: string): BorrowedBlob => ({
    name,
    sha256,
    path,
    [Symbol.dispose]: () => fetched.giveBack(sha256),
  });

  /** Borrows what was fetched last; undefined if it is no longer here. */
  async function hold(key: string, name: string): Promise<HeldFile | undefined> {
    const file = known.get(key);
    if (!file) return undefined;
    const path = await fetched.take(file);
    return path === undefined ? undefined : { file, blob: lent(name, file, path) };
  }

  type Refresh = {
    readonly key: string;
    readonly name: string;
    readonly held: HeldFile | undefined;
    fetch(outputPath: string, etag: string | undefined, signal: AbortSignal): ReturnType<Fetch>;
    readonly signal: AbortSignal;
  };

  /** Fetches a file, unless the server says that the one that is held is still the same. */
  async function refresh({ key, name, held, fetch, signal }: Refresh): Promise<BorrowedBlob> {
    const fetchedMs = performance.now();
    const send = (outputPath: string, stop: AbortSignal) => fetch(outputPath, held?.file.etag, stop);
    const { blob, etag } = await receiveFile(engine, fetched, send, signal);
    if (blob) {
      const { sha256, sizeBytes, path } = blob;
      known.set(key, { sha256, sizeBytes, etag, fetchedMs });
      held?.blob[Symbol.dispose]();
      return lent(name, blob, path);
    }
    if (!held) throw new Error("a file that was not here is said to be unchanged");
    known.set(key, { ...held.file, fetchedMs });
    return held.blob;
  }

  return {
    request,
    borrow: ({ name, settings, limit, reuseSeconds }: FileToFetch, fetch: Fetch): Promise<BorrowedBlob> =>
      request(settings, limit, async (process, login, signal) => {
        const key = keyOf(settings, login);
        const held = await hold(key, name);
        if (held && performance.now() - held.file.fetchedMs < reuseSeconds * 1000) return held.blob;
        try {
          return await refresh({
            ...{ key, name, held, signal },
            fetch: (outputPath, etag, stop) => fetch(process, { login, outputPath, etag }, stop),
          });
        } catch (error) {
          held?.blob[Symbol.dispose]();
          throw error;
        }
      }),
  };
}

/** A hash, because a login has a credential. */
const keyOf = (settings: HttpServerSettings, { credential }: HttpLogin): string =>
  createHash("sha256")
    .update(JSON.stringify([callersOrg(), settings, credential]))
    .digest("hex");
