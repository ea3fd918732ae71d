import { keepCompileCache } from "../process/keep-compile-cache.ts";
import { createRowSources } from "./registry.ts";
import { serveSource } from "./serve-source.ts";

serveSource(await createRowSources());
keepCompileCache();
