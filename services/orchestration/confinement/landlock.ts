import { closeSync, statSync } from "node:fs";
import { systemCall } from "./kernel.ts";

/** Access rights of Landlock. */
const execute = 1n << 0n;
const writeFile = 1n << 1n;
const readFile = 1n << 2n;
const readFolder = 1n << 3n;
const removeFolder = 1n << 4n;
const removeFile = 1n << 5n;
const makeFolder = 1n << 7n;
const makeFile = 1n << 8n;
const truncate = 1n << 14n;
const rightsOfVersion: readonly bigint[] = [0x1fffn, 0x3fffn, 0x7fffn, 0x7fffn, 0xffffn];

/** ABI versions that add rules for TCP, and for signals and abstract sockets. */
const networkVersion = 4;
const scopeVersion = 6;
const networkRights = 0b11n;
const scopes = 0b11n;

const rightsOfFile = execute | readFile | writeFile | truncate;
const reading = execute | readFile | readFolder;
const writing =
  readFile | readFolder | writeFile | truncate | removeFile | removeFolder | makeFile | makeFolder;

const askVersion = 1;
const ruleOnPath = 1;
/** O_PATH, O_CLOEXEC and AT_FDCWD. */
const pathOnly = 0o10_000_000;
const closeOnExecute = 0o2_000_000;
const here = -100;

/**
 * Creates a ruleset that denies access to files, TCP and signals, except reading and executing below `readable` and writing
 * below `directory`.
 */
export function createRuleset(readable: readonly string[], directory: string): number {
  const version = systemCall("landlock_create_ruleset", 0, 0, askVersion);
  const handled = rightsOfVersion[Math.min(version, rightsOfVersion.length) - 1] ?? 0n;
  const attributes = Buffer.alloc(24);
  attributes.writeBigUInt64LE(handled, 0);
  attributes.writeBigUInt64LE(version >= networkVersion ? networkRights : 0n, 8);
  attributes.writeBigUInt64LE(version >= scopeVersion ? scopes : 0n, 16);
  const size = version >= scopeVersion ? 24 : version >= networkVersion ? 16 : 8;
  const ruleset = systemCall("landlock_create_ruleset", attributes, size, 0);
  for (const path of readable) allow(ruleset, path, reading & handled);
  allow(ruleset, directory, writing & handled);
  return ruleset;
}

/** Applies the ruleset to the calling thread and its children. */
export function restrictBy(ruleset: number): void {
  systemCall("landlock_restrict_self", ruleset, 0);
  closeSync(ruleset);
}

function allow(ruleset: number, path: string, rights: bigint): void {
  const isHeld = path.startsWith("/proc/");
  const flags = isHeld ? pathOnly : pathOnly | closeOnExecute;
  const opened = systemCall("openat", here, Buffer.from(`${path}\0`), flags);
  const rule = Buffer.alloc(12);
  rule.writeBigUInt64LE(statSync(path).isDirectory() ? rights : rights & rightsOfFile, 0);
  rule.writeInt32LE(opened, 8);
  systemCall("landlock_add_rule", ruleset, ruleOnPath, rule, 0);
  // A rule applies to an inode. When memory is short the kernel makes another one for the same path in /proc, unless the
  // program holds it open.
  if (!isHeld) closeSync(opened);
}
