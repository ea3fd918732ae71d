import { flushCompileCache } from "node:module";
import { bindToParent } from "../../process/bind-to-parent.ts";
import { readStatement } from "./read-statement.ts";
import type { Question } from "./statement-facts.ts";

// The process that reads statements. It is a process because the parser takes minutes, or gigabytes, for some: a process can be
// ended at any time, and a thread that is ended while it compiles WebAssembly takes its process along.

bindToParent();
process.on("message", (question: Question) => process.send?.({ facts: readStatement(question) }));
// The first statement takes longest: nobody's should.
readStatement({ sql: "SELECT a FROM b", dialect: "postgresql", knownTables: [] });
// A process that is killed would not write it, and this one always is.
flushCompileCache();
process.send?.("ready");
