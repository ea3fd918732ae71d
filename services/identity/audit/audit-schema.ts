import { auditEventsTable } from "../../lib/audit/audit-events-table.ts";
import { chainsTable } from "../../lib/audit/chains.ts";
import { identity } from "../schema.ts";

export const chains = chainsTable(identity);
export const auditEvents = auditEventsTable(identity);
