/** Flags of what a server or a client can do. */
export const capabilities = { tls: 0x800 };

export type Greeting = {
  readonly version: string;
  readonly threadId: number;
  readonly capabilities: number;
};

const protocolVersion = 10;
/** MariaDB puts this in front of its version, for clients that expect MySQL's numbers. */
const replicationPrefix = "5.5.5-";
/** Bytes after the version: thread id, first part of the challenge, filler, capabilities, character set, status. */
const restBytes = 4 + 8 + 1 + 2 + 1 + 2 + 2;

/** Parses the first packet of a server; undefined if it is none that a current server sends. */
export function parseGreeting(body: Buffer): Greeting | undefined {
  const end = body.indexOf(0, 1);
  if (body[0] !== protocolVersion || end < 0 || body.length < end + 1 + restBytes) return undefined;
  const text = body.toString("latin1", 1, end);
  const lower = body.readUInt16LE(end + 14);
  const upper = body.readUInt16LE(end + 19);
  return {
    version: text.startsWith(replicationPrefix) ? text.slice(replicationPrefix.length) : text,
    threadId: body.readUInt32LE(end + 1),
    capabilities: ((upper << 16) | lower) >>> 0,
  };
}
