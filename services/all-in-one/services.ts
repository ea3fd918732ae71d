// Written by `npm run generate` from the contracts in proto/ and the folders of services/.

import type { ServiceName } from "../../gen/services.ts";
import { parseConfig as parseApprovalConfig } from "../approval/config.ts";
import { run as runApproval } from "../approval/run.ts";
import { parseConfig as parseCompatConfig } from "../compat/config.ts";
import { run as runCompat } from "../compat/run.ts";
import { parseConfig as parseIdentityConfig } from "../identity/config.ts";
import { run as runIdentity } from "../identity/run.ts";
import { parseConfig as parseOrchestrationConfig } from "../orchestration/config.ts";
import { run as runOrchestration } from "../orchestration/run.ts";
import { parseConfig as parseStagingConfig } from "../staging/config.ts";
import { run as runStaging } from "../staging/run.ts";
import { parseConfig as parseStorageConfig } from "../storage/config.ts";
import { run as runStorage } from "../storage/run.ts";
import { defineService, type Service } from "./define-service.ts";

/** The services that run in one process, by name. */
export const services: Readonly<Record<ServiceName, Service>> = {
  compat: defineService(parseCompatConfig, runCompat),
  orchestration: defineService(parseOrchestrationConfig, runOrchestration),
  storage: defineService(parseStorageConfig, runStorage),
  staging: defineService(parseStagingConfig, runStaging),
  approval: defineService(parseApprovalConfig, runApproval),
  identity: defineService(parseIdentityConfig, runIdentity),
};
