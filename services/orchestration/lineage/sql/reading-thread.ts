import { parentPort } from "node:worker_threads";
import { readStatement } from "./read-statement.ts";
import type { Question } from "./statement-facts.ts";

// The thread that reads statements. It is a thread because the parser takes minutes for some: a thread can be stopped.

parentPort?.on("message", (question: Question) => parentPort?.postMessage(readStatement(question)));
// The first statement takes longest: nobody's should.
readStatement({ sql: "SELECT a FROM b", dialect: "postgresql", knownTables: [] });
parentPort?.postMessage("ready");
