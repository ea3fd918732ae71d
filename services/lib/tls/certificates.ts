import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Logger } from "../telemetry/log.ts";
import { systemErrorReason } from "../values/system-error.ts";

/** Paths of PEM files. The certificate's has the whole chain, the process's own first. */
export type CertificateFiles = {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities that the other side's certificate must come from. */
  readonly caFile?: string | undefined;
};

/** What the files hold, checked: the key is the certificate's. */
export type Certificates = {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
};

export type WatchedCertificates = Disposable & {
  readonly current: Certificates;
  /** Calls the listener with each renewal until what it returns is called. */
  onRenewed(listener: (certificates: Certificates) => void): () => void;
};

/**
 * How often the files are read, in milliseconds. Their contents are compared: neither times nor events of the file
 * system tell of every way in which certificates are replaced, such as links that lead to other links.
 */
const standardIntervalMs = 5_000;

/**
 * Reads certificates, and again when they change. Files that are missing or do not fit together reject at the start;
 * later they are logged, and what was read before stays.
 */
export async function watchCertificates(
  files: CertificateFiles,
  { log, intervalMs = standardIntervalMs }: { log: Logger; intervalMs?: number },
): Promise<WatchedCertificates> {
  const listeners = new Set<(certificates: Certificates) => void>();
  let current = await readCertificates(files);
  let lastProblem = "";
  tellOf(current, files, log, "certificate read");
  const look = async () => {
    try {
      const found = await readCertificates(files);
      lastProblem = "";
      if (isSame(found, current)) return;
      current = found;
      tellOf(current, files, log, "certificate renewed");
      for (const listener of listeners) listener(current);
    } catch (error) {
      const problem = (error as Error).message;
      // Once for each problem: a log full of it helps nobody.
      if (problem !== lastProblem) log.error({ problem }, "certificate not renewed: the one before stays");
      lastProblem = problem;
    }
  };
  const timer = repeat(look, intervalMs);
  return {
    get current() {
      return current;
    },
    onRenewed(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    [Symbol.dispose]: () => timer[Symbol.dispose](),
  };
}

/** Reads the files; throws an error that names the file and what is wrong with it. */
async function readCertificates({ certFile, keyFile, caFile }: CertificateFiles): Promise<Certificates> {
  const [cert, key, ca] = await Promise.all([
    readPem(certFile),
    readPem(keyFile),
    caFile === undefined ? undefined : readPem(caFile),
  ]);
  const contents = { cert, key, ca };
  checkPair({ certFile, keyFile, caFile }, contents);
  return contents;
}

/** Throws an error that names the file, where the contents are no certificate, its key and authorities. */
export function checkPair(
  { certFile, keyFile, caFile }: CertificateFiles,
  { cert, key, ca }: Certificates,
): void {
  check(`${certFile} is no certificate`, () => createSecureContext({ cert }));
  check(`${keyFile} is not the key of ${certFile}`, () => createSecureContext({ cert, key }));
  // OpenSSL takes any text for a list of no authorities.
  if (ca) check(`${caFile} is no certificate`, () => new X509Certificate(ca));
}

const readPem = (path: string): Promise<Buffer> =>
  readFile(path).catch((error) => {
    throw unreadable(path, error);
  });

/** Blocks the process: for its start. */
export function readPemNow(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw unreadable(path, error);
  }
}

const unreadable = (path: string, error: unknown): Error =>
  new Error(`can't read ${path}: ${systemErrorReason(error)}`);

function check(problem: string, work: () => unknown): void {
  try {
    work();
  } catch {
    throw new Error(problem);
  }
}

const isSame = (one: Certificates, other: Certificates): boolean =>
  one.cert.equals(other.cert) &&
  one.key.equals(other.key) &&
  (one.ca === other.ca || (one.ca !== undefined && other.ca !== undefined && one.ca.equals(other.ca)));

function tellOf({ cert }: Certificates, { certFile }: CertificateFiles, log: Logger, event: string): void {
  const { subject, subjectAltName: names, validFrom, validTo, validToDate } = new X509Certificate(cert);
  const facts = { certFile, subject, names, validFrom, validTo };
  if (validToDate.getTime() < Date.now()) log.error(facts, `${event}, but it has expired`);
  else log.info(facts, event);
}

/** Does work again and again, each time some milliseconds after it was done; it holds no process open. */
function repeat(work: () => Promise<void>, intervalMs: number): Disposable {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const next = () => {
    if (stopped) return;
    timer = setTimeout(() => void work().then(next), intervalMs).unref();
  };
  next();
  return {
    [Symbol.dispose]() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
