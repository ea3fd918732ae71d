import { setTimeout } from "node:timers/promises";
import postgres from "postgres";
import { isErrorCode } from "./is-error-code.ts";

export type Superuser = { user: string; password: string; host: string; port: number };

/** Any constant: no other advisory lock is taken in this database. */
const OWNER_LOCK = 5_105_423;
/** The backend of a killed owner ends when the kernel closes its socket; this timeout allows for a busy machine. */
const LOCK_TIMEOUT_MS = 3000;
const RETAKE_MS = 500;

const LOCK_NOT_AVAILABLE = "55P03";
/** Codes of a server that is starting, stopping or gone: retried, not reported. */
const PASSING = [
  ...["57P01", "57P02", "57P03", "ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"],
  ...["CONNECTION_CLOSED", "CONNECTION_DESTROYED", "CONNECTION_ENDED", "CONNECT_TIMEOUT"],
];

/** Locks the server for one owner until disposed or the process dies. Undefined if the server is unavailable now. */
export async function ownServer(superuser: Superuser): Promise<AsyncDisposable | "taken" | undefined> {
  let held = false;
  let released = false;
  const sql = postgres({
    ...superuser,
    database: "postgres",
    max: 1,
    // The lock is bound to this session.
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
    // The server closes all sessions when one of its processes is killed, and restarts itself.
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
