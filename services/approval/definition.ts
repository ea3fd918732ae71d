import { canonicalJson, sha256 } from "./audit/event-hash.ts";
import type { ProjectRow } from "./project-repository.ts";

/** What an event tells of a project's definition; its tables, which may be many, by count and hash. */
export const definitionOf = (project: ProjectRow) => ({
  displayName: project.displayName,
  sourceId: project.sourceId,
  destination: project.destination,
  approvalsRequired: project.approvalsRequired,
  tableCount: project.tables.length,
  tablesSha256: sha256(canonicalJson(project.tables)),
});
