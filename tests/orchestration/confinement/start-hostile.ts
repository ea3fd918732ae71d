import { once } from "node:events";
import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex, Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { findConfinement } from "../../../services/orchestration/confinement/find-confinement.ts";
import { startConfined } from "../../../services/orchestration/confinement/start-confined.ts";

// Starts the hostile program as the service starts an engine, as its current user, and prints the report.
// Arguments: a folder of its own, the hostile program's targets as JSON, and the program's name.

const [folder = "", targets = "", name = "hostile-program.ts"] = process.argv.slice(2);
const memoryBytes = 1536 * 1024 ** 2;
const userId = 62_345;

const { layers, holds } = await findConfinement(memoryBytes);
const directory = join(folder, "own");
mkdirSync(directory, { mode: 0o700 });
writeFileSync(join(directory, "targets.json"), targets);
if (process.getuid?.() === 0 && layers.includes("user")) chownSync(directory, userId, userId);
const program = new URL(name, import.meta.url);
const child = startConfined({ program, directory, layers, memoryBytes, userId });
console.log(JSON.stringify({ pid: child.pid, layers, holds: [...holds] }));
const [answer, complaint] = await Promise.all([
  text(child.stdio[3] as Duplex),
  text(child.stderr as Readable),
  once(child, "close"),
]);
console.log(JSON.stringify({ answer: answer && JSON.parse(answer), complaint }));
