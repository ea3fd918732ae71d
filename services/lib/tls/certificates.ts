import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Logger } from "../telemetry/log.ts";
import { systemErrorReason } from "../values/system-error.ts";

/** Paths of PEM files. The certificate file has the whole chain, leaf first. */
export type CertificateFiles = {
  readonly certFile: string;
  readonly keyFile: string;
  /** Trusted authorities of the peer's certificate. */
  readonly caFile?: string | undefined;
};

/** Contents of the files. The key matches the certificate. */
export type Certificates = {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
};

export type WatchedCertificates = Disposable & {
  readonly current: Certificates;
  /** Calls the listener on each renewal, until the returned function is called. */
  onRenewed(listener: (certificates: Certificates) => void): () => void;
};

/**
 * Polling interval in milliseconds. Contents are compared: neither file times nor file-system events reveal every way
 * of replacing certificates, such as links to links.
 */
const standardIntervalMs = 5_000;

/**
 * Reads certificates and watches them for renewal. Missing or mismatched files reject at the start; later they are
 * logged, and the old certificates stay in use.
 */
export async function watchCertificates(
  files: CertificateFiles,
  { log, intervalMs = standardIntervalMs }: { log: Logger; intervalMs?: number },
): Promise<WatchedCertificates> {
  const listeners = new Set<(certificates: Certificates) => void>();
  let current = await readCertificates(files);
  let lastProblem = "";
  logCertificate(current, files, log, "certificate read");
  const look = async () => {
    try {
      const found = await readCertificates(files);
      lastProblem = "";
      if (isSame(found, current)) return;
      current = found;
      logCertificate(current, files, log, "certificate renewed");
      for (const listener of listeners) listener(current);
    } catch (error) {
      const problem = (error as Error).message;
      // Each problem is logged once, not at each poll.
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

/** Reads the files. Errors name the file and the problem. */
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

/** Throws an error that names the file, unless the contents are a certificate, its key and authorities. */
export function checkPair(
  { certFile, keyFile, caFile }: CertificateFiles,
  { cert, key, ca }: Certificates,
): void {
  check(`${certFile} is no certificate`, () => createSecureContext({ cert }));
  check(`${keyFile} is not the key of ${certFile}`, () => createSecureContext({ cert, key }));
  // OpenSSL reads any text as an empty list of authorities.
  if (ca) check(`${caFile} is no certificate`, () => new X509Certificate(ca));
}

const readPem = (path: string): Promise<Buffer> =>
  readFile(path).catch((error) => {
    throw unreadable(path, error);
  });

/** Synchronous, for the start of a process. */
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

function logCertificate(
  { cert }: Certificates,
  { certFile }: CertificateFiles,
  log: Logger,
  event: string,
): void {
  const { subject, subjectAltName: names, validFrom, validTo, validToDate } = new X509Certificate(cert);
  const facts = { certFile, subject, names, validFrom, validTo };
  if (validToDate.getTime() < Date.now()) log.error(facts, `${event}, but it has expired`);
  else log.info(facts, event);
}

/** Runs `work` repeatedly, `intervalMs` after its last end. The timer does not keep the process alive. */
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
