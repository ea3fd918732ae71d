import type { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { Counter } from "prom-client";
import type { Logger } from "../telemetry/log.ts";
import { isMeasuring, registry } from "../telemetry/metrics.ts";
import { belowTls } from "./below-tls.ts";

/** Failures logged per second. The others are counted. */
const namedPerSecondMax = 10;

const failures = new Counter({
  name: "sluice_tls_handshakes_failed_total",
  help: "Connections that failed before they were secure, by the server that they came to and why.",
  labelNames: ["server", "reason"],
  registers: [registry],
});

/** Records a connection that failed during its handshake. The error is Node's, if there is one. */
export type NoteFailedHandshake = (error: NodeJS.ErrnoException | undefined, socket: TLSSocket) => void;

/**
 * Logs and counts a server's failed handshakes, and those passed to the returned function. The log is rate-limited:
 * strangers cause the failures.
 */
export function watchHandshakes(server: EventEmitter, name: string, log: Logger): NoteFailedHandshake {
  const note = createNote(name, log);
  // Node keeps the address of a failed connection only if it was read before.
  server.prependListener("connection", (socket: Socket) => socket.remoteAddress);
  server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
    note(error, socket);
    // Node reports a handshake timeout but does not close the socket.
    socket.destroy();
  });
  return note;
}

function createNote(server: string, log: Logger): NoteFailedHandshake {
  let named = 0;
  let leftOut = 0;
  const endSecond = () => {
    if (leftOut > 0) log.info({ leftOut }, "more TLS handshakes failed");
    named = leftOut = 0;
  };
  return (error, socket) => {
    const reason = reasonOf(error, socket);
    // A connection that closes without sending anything, as a port check does, is not a failure.
    if (reason === "closed" && socket.bytesRead === 0) return;
    if (isMeasuring()) failures.inc({ server, reason });
    if (named === 0) setTimeout(endSecond, 1000).unref();
    if (named >= namedPerSecondMax) {
      leftOut += 1;
      return;
    }
    named += 1;
    log.info({ address: addressOf(socket), reason, code: codeOf(error, socket) }, "TLS handshake failed");
  };
}

/** Reasons by OpenSSL's and Node's error codes; all others are `other`. */
const reasons: Readonly<Record<string, string>> = {
  ERR_SSL_UNSUPPORTED_PROTOCOL: "version",
  ERR_SSL_VERSION_TOO_LOW: "version",
  ERR_SSL_NO_SHARED_CIPHER: "cipher",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "protocol",
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: "certificate missing",
  ERR_SSL_HTTP_REQUEST: "cleartext",
  ERR_SSL_WRONG_VERSION_NUMBER: "cleartext",
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: "not trusted by the client",
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: "not trusted by the client",
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: "not trusted by the client",
  ERR_TLS_HANDSHAKE_TIMEOUT: "timeout",
  ECONNRESET: "closed",
};

function reasonOf(error: NodeJS.ErrnoException | undefined, socket: TLSSocket): string {
  // The first failure is the cause; later ones follow from it.
  if (socket.authorizationError) return "certificate refused";
  return reasons[error?.code ?? ""] ?? "other";
}

/** Code only: error texts can contain received bytes. */
const codeOf = (error: NodeJS.ErrnoException | undefined, { authorizationError }: TLSSocket) =>
  authorizationError ? String(authorizationError) : error?.code;

/** A failed TLS socket has no address any more; the TCP socket below has. */
const addressOf = (socket: TLSSocket): string | undefined =>
  socket.remoteAddress ?? belowTls(socket).remoteAddress;
