import { arrowsBetween, findCircles } from "./find-circles.ts";
import { type Import, readImports } from "./read-imports.ts";
import { roomArrows } from "./rooms.ts";
import { breachesOf, roomFolders } from "./walls.ts";

/** Violations of the import rules in a tree, one line each. */
export async function checkImports(root: string): Promise<string[]> {
  const imports = await readImports(root);
  return [
    ...breachesOf(imports).map(
      ({ from, line, to, because }) => `${from}:${line}: may not import ${to}: ${because}`,
    ),
    ...findCircles(arrowsBetween(imports.filter(isOfTheTree))).map(
      (files) => `circle of files: ${files.join(", ")}`,
    ),
    ...roomFolders.flatMap((folder) =>
      findCircles(roomArrows(imports, folder)).map(
        (rooms) => `circle of rooms in ${folder}: ${rooms.join(", ")}`,
      ),
    ),
  ];
}

const isOfTheTree = ({ isPackage }: Import): boolean => !isPackage;

if (import.meta.main) {
  const problems = await checkImports(process.cwd());
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
