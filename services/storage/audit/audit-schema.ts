import { auditEventsTable } from "../../lib/audit/audit-events-table.ts";
import { chainsTable } from "../../lib/audit/chains.ts";
import { storage } from "../schema.ts";

export const chains = chainsTable(storage);
export const auditEvents = auditEventsTable(storage);
