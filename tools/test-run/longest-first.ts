import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { findSlowFile } from "./slow-files.ts";

/** The longest come first here, too; of pure files none is long. */
const projectOrder = ["waiting", "mesh", "contract", "pure"];

/**
 * Starts the longest files first, so that none runs alone at the end. Files of a project stay together: a worker is used again only
 * for the project that it began with.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const secondsOf = ({ moduleId }: TestSpecification) =>
      findSlowFile(relative(this.ctx.config.root, moduleId))?.seconds ?? 0;
    const orderOf = ({ project }: TestSpecification) => projectOrder.indexOf(project.name);
    return files.toSorted(
      (one, other) =>
        orderOf(one) - orderOf(other) ||
        secondsOf(other) - secondsOf(one) ||
        (one.moduleId < other.moduleId ? -1 : 1),
    );
  }
}
