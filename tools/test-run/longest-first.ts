import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { findSlowFile } from "./slow-files.ts";

/** The longest come first here, too; of pure files none is long. */
const projectOrder = ["processes", "mesh", "contract", "pure"];

/**
 * Starts the longest files first, so that none runs alone at the end. Files of a project stay together: a worker is used again only
 * for the project that it began with.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const keyed = files.map((file) => ({ file, key: keyOf(file, this.ctx.config.root) }));
    return keyed.toSorted((one, other) => compare(one.key, other.key)).map(({ file }) => file);
  }
}

type Key = readonly (number | string)[];

function keyOf({ project, moduleId }: TestSpecification, root: string): Key {
  const { isLate = false, seconds = 0 } = findSlowFile(relative(root, moduleId)) ?? {};
  return [projectOrder.indexOf(project.name), Number(isLate), -seconds, moduleId];
}

/** Compares keys by their first parts that differ. */
function compare(one: Key, other: Key): number {
  const at = one.findIndex((part, index) => part !== other[index]);
  return (one[at] ?? 0) < (other[at] ?? 0) ? -1 : 1;
}
