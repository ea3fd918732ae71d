import type { Project } from "../../gen/sluice/approval/v1/projects_pb.ts";
import type { Db } from "../lib/database/database.ts";
import type { Scope } from "../lib/rpc/guard.ts";
import { listPublishedFiles } from "./file-repository.ts";
import { toProject } from "./message.ts";
import type { ProjectRow } from "./project-repository.ts";

/** A project as a message, with its published files. */
export async function describeProject(db: Db, scope: Scope, row: ProjectRow): Promise<Project> {
  const isPublished = row.state === "published";
  return toProject(row, isPublished ? await listPublishedFiles(db, scope, row.projectId) : []);
}
