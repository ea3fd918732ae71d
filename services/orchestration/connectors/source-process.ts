import { flushCompileCache } from "node:module";
import { createRowSources } from "./row-sources.ts";
import { serveSource } from "./serve-source.ts";

serveSource(createRowSources());
// A killed process would not write its compile cache, and most are killed.
flushCompileCache();
