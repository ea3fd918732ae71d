import { canonicalJson, sha256 } from "../lib/audit/event-hash.ts";
import type { ProjectRow } from "./project-repository.ts";

/**
 * A project's definition in the details of an event. Tables are represented by their count and hash, because there can
 * be many.
 */
export const definitionOf = (project: ProjectRow) => ({
  displayName: project.displayName,
  sourceId: project.sourceId,
  destination: project.destination,
  approvalsRequired: project.approvalsRequired,
  tableCount: project.tables.length,
  tablesSha256: sha256(canonicalJson(project.tables)),
});
