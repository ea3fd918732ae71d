import { invalidField } from "../../services/lib/rpc/errors.ts";
import { parseQuery } from "../codec/query.ts";
import { type Wire, wireOf } from "./wire.ts";

/** A Connect call by GET, with its message in the query. */
export type ConnectGet = {
  readonly wire: Wire;
  readonly message: Buffer;
  readonly compression: string | undefined;
};

/** Undefined if the query names an unknown codec. */
export function readConnectGet(url: string): ConnectGet | undefined {
  const at = url.indexOf("?");
  const query = new Map(parseQuery(at < 0 ? "" : url.slice(at + 1)));
  const wire = wireOf(`application/${query.get("encoding")}`);
  if (!wire || wire.enveloped) return undefined;
  const version = query.get("connect");
  if (version !== undefined && version !== "v1") throw versionUnknown("connect", version);
  const text = query.get("message");
  if (text === undefined) throw invalidField("message", "is missing");
  // The query parser decodes a plain + as a space.
  const message =
    query.get("base64") === "1" ? Buffer.from(text.replaceAll(" ", "+"), "base64") : Buffer.from(text);
  return { wire, message, compression: query.get("compression") };
}

export function checkConnectVersion(version: string | undefined): void {
  if (version !== undefined && version !== "1") throw versionUnknown("Connect-Protocol-Version", version);
}

const versionUnknown = (name: string, version: string) =>
  invalidField(name, `the version ${JSON.stringify(version)} is unknown`);
