import { keepCompileCache } from "../process/keep-compile-cache.ts";
import { createRowSources } from "./row-sources.ts";
import { serveSource } from "./serve-source.ts";

serveSource(createRowSources());
keepCompileCache();
