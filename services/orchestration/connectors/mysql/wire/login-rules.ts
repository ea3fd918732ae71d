import { insecureConnection, sourceUnreachable } from "../../../errors.ts";
import { protocolViolation } from "./protocol-violation.ts";

/** Methods to log in. Each sends a hash of the password, or the password encrypted for the server. */
const methods = new Set(["mysql_native_password", "caching_sha2_password", "sha256_password"]);
/** Sends the password itself, so only over TLS. */
const clearMethod = "mysql_clear_password";

const kinds = { ok: 0x00, moreData: 0x01, switchMethod: 0xfe, error: 0xff };

/** Checks a packet of the server during the login. Returns whether the login is complete. */
export function checkLogin(server: string, body: Buffer, isEncrypted: boolean): boolean {
  const kind = body[0];
  if (kind === kinds.switchMethod) checkMethod(server, body, isEncrypted);
  else if (kind !== kinds.ok && kind !== kinds.moreData && kind !== kinds.error) {
    throw protocolViolation(server, "something else than an answer to the login");
  }
  return kind === kinds.ok;
}

function checkMethod(server: string, body: Buffer, isEncrypted: boolean): void {
  const end = body.indexOf(0, 1);
  const method = body.toString("latin1", 1, end < 0 ? body.length : end);
  if (method === clearMethod && isEncrypted) return;
  if (method === clearMethod) {
    throw insecureConnection(`${server} asks for the password in the clear, which only goes over TLS`);
  }
  if (!methods.has(method)) {
    throw sourceUnreachable(
      `${server} asks for a login that is not supported: ${[...methods].join(", ")} are, and ${clearMethod} over TLS`,
    );
  }
}
