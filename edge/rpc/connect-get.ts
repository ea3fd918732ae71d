import { invalidField } from "../../services/lib/rpc/errors.ts";
import { parseQuery } from "../codec/query.ts";
import { type Wire, wireOf } from "./wire.ts";

/** A call of Connect that is a GET: all of it stands in the query. */
export type ConnectGet = {
  readonly wire: Wire;
  readonly message: Buffer;
  readonly compression: string | undefined;
};

/** Reads the query; undefined where it names no codec that there is. */
export function readConnectGet(url: string): ConnectGet | undefined {
  const at = url.indexOf("?");
  const query = new Map(parseQuery(at < 0 ? "" : url.slice(at + 1)));
  const wire = wireOf(`application/${query.get("encoding")}`);
  if (!wire || wire.enveloped) return undefined;
  const version = query.get("connect");
  if (version !== undefined && version !== "v1") throw versionUnknown("connect", version);
  const text = query.get("message");
  if (text === undefined) throw invalidField("message", "is missing");
  // A + that was not percent-encoded has become a space.
  const message =
    query.get("base64") === "1" ? Buffer.from(text.replaceAll(" ", "+"), "base64") : Buffer.from(text);
  return { wire, message, compression: query.get("compression") };
}

/** Refuses a version of Connect's protocol that is not the one there is. */
export function checkConnectVersion(version: string | undefined): void {
  if (version !== undefined && version !== "1") throw versionUnknown("Connect-Protocol-Version", version);
}

const versionUnknown = (name: string, version: string) =>
  invalidField(name, `the version ${JSON.stringify(version)} is unknown`);
