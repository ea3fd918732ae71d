import { setTimeout } from "node:timers/promises";
import postgres from "postgres";
import { isErrorCode } from "./is-error-code.ts";

export type Superuser = { user: string; password: string; host: string; port: number };

/** Any constant: the lock is the only one taken in the database `postgres` of our own server. */
const OWNER_LOCK = 5_105_423;
/** The backend of a killed owner ends as soon as the kernel closes its socket; this leaves room for a busy machine. */
const LOCK_TIMEOUT_MS = 3000;
const RETAKE_MS = 500;

const LOCK_NOT_AVAILABLE = "55P03";
/** Starting, stopping or gone: to be asked again, not to be reported. */
const PASSING = [
  ...["57P01", "57P02", "57P03", "ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"],
  ...["CONNECTION_CLOSED", "CONNECTION_DESTROYED", "CONNECTION_ENDED", "CONNECT_TIMEOUT"],
];

/** Holds the server for one owner, until released or the process dies; undefined: the server cannot say just now. */
export async function ownServer(superuser: Superuser): Promise<AsyncDisposable | "taken" | undefined> {
  let held = false;
  let released = false;
  const sql = postgres({
    ...superuser,
    database: "postgres",
    max: 1,
    // The lock lives as long as this one session.
    idle_timeout: 0,
    max_lifetime: 0,
    fetch_types: false,
    connection: { application_name: "sluice owner", lock_timeout: LOCK_TIMEOUT_MS },
    onnotice: () => {},
    onclose: () => void retake(),
  });
  const lock = async () => {
    await sql`select pg_advisory_lock(${OWNER_LOCK})`;
    held = true;
  };
  const retake = async () => {
    if (!held) return;
    held = false;
    // The server ends every session when one of its processes is killed, and then goes on.
    while (!held && !released) {
      await setTimeout(RETAKE_MS, undefined, { ref: false });
      if (!released) await lock().catch(() => {});
    }
  };
  const release = async () => {
    released = true;
    await sql.end({ timeout: 0 });
  };
  try {
    await lock();
    return { [Symbol.asyncDispose]: release };
  } catch (error) {
    await release();
    if (isErrorCode(error, LOCK_NOT_AVAILABLE)) return "taken";
    if (isErrorCode(error, ...PASSING)) return undefined;
    throw error;
  }
}
