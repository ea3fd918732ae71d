import type { ConnectError } from "@connectrpc/connect";
import { insecureConnection, sourceUnreachable } from "../../../errors.ts";
import type { ConnectionSecurity } from "../../network/connection-security.ts";
import { protocolViolation } from "./protocol-violation.ts";

/** Maximum of SCRAM iterations. PostgreSQL's default is 4096; a million takes about 0.2 s. */
const iterationsMax = 1_000_000;

/** Codes of Authentication messages. */
const authenticated = 0;
const saslContinue = 11;

/** Permitted sequences: cleartext, MD5, or complete SCRAM, in which the server proves that it knows the password. */
const successors: Readonly<Record<number | "none", readonly number[]>> = {
  none: [authenticated, 3, 5, 10],
  3: [authenticated],
  5: [authenticated],
  10: [saslContinue],
  11: [12],
  12: [authenticated],
};

export type LoginGuard = {
  /** Types of messages before the login is complete. */
  readonly kinds: ReadonlySet<string>;
  check(kind: string, body: Buffer): void;
  /** To be called on ReadyForQuery. */
  checkDone(): void;
};

/** Where only SCRAM is allowed: guessing the password from the proof must cost at least PostgreSQL's default. */
const unvouchedIterationsMin = 4096;

export function createLoginGuard(
  server: string,
  passwordMethods: ConnectionSecurity["passwordMethods"],
): LoginGuard {
  let last: number | "none" = "none";

  function checkAuthentication(body: Buffer): void {
    if (body.length < 4) throw protocolViolation(server, "an empty request to log in");
    const asked = body.readUInt32BE(0);
    if (!successors[last]?.includes(asked)) throw unsupported(server);
    if (passwordMethods === "scram" && asked in readableMethods) {
      throw insecureConnection(insecureMethod(server, readableMethods[asked]));
    }
    if (asked === 5 && body.length !== 8) throw unsupported(server);
    if (asked === saslContinue) checkChallenge(body.toString("latin1", 4));
    last = asked;
  }

  function checkChallenge(text: string): void {
    const iterations = Number(/^r=[\x21-\x2b\x2d-\x7e]+,s=[A-Za-z0-9+/=]+,i=(\d{1,10})$/.exec(text)?.[1]);
    if (!(iterations >= 1)) throw unsupported(server);
    if (passwordMethods === "scram" && iterations < unvouchedIterationsMin) {
      throw insecureConnection(insecureMethod(server, `to hash the password only ${iterations} times`));
    }
    if (iterations > iterationsMax) {
      throw sourceUnreachable(
        `${server} asks to hash the password ${iterations} times: ${iterationsMax} are taken at the most`,
      );
    }
  }

  return {
    kinds: new Set("RSNEKZ"),
    check(kind, body) {
      if (kind === "R") checkAuthentication(body);
      if (kind === "K" && body.length < 8) throw protocolViolation(server, "a key that is too short");
    },
    checkDone() {
      if (last !== authenticated) throw protocolViolation(server, "that it is ready before it let us in");
    },
  };
}

/** Methods that reveal the password, or a hash that replaces it. */
const readableMethods: Readonly<Record<number, string>> = {
  3: "for the password in the clear",
  5: "for the password's MD5 hash",
};

const insecureMethod = (server: string, what: string | undefined): string =>
  `${server} asks ${what}, and only settings.allowInsecureLogin, which an administrator sets, allows that here`;

const unsupported = (server: string): ConnectError =>
  sourceUnreachable(`${server} asks for a login that is not supported`);
