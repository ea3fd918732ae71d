import { fileRows } from "./file-rows.ts";
import { internalRows } from "./internal-rows.ts";
import { modelRows } from "./model-rows.ts";
import type { Row } from "./row.ts";

export const storageRows: readonly Row[] = [...fileRows, ...modelRows, ...internalRows];
