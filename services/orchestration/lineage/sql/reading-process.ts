import { bindToParent } from "../../process/bind-to-parent.ts";
import { keepCompileCache } from "../../process/keep-compile-cache.ts";
import { readStatement } from "./read-statement.ts";
import type { ParseRequest } from "./statement-facts.ts";

// The process that parses statements. For some statements the parser takes minutes or gigabytes. A process can be killed at any
// time; terminating a thread that is compiling WebAssembly crashes its process.

bindToParent();
process.on("message", (request: ParseRequest) => process.send?.({ facts: readStatement(request) }));
// Warm-up: the first statement takes longest.
readStatement({ sql: "SELECT a FROM b", dialect: "postgresql", knownTables: [] });
keepCompileCache();
process.send?.("ready");
