import { join } from "node:path";
import { go } from "../../clients/generate/go.ts";
import { java, quietly } from "../../clients/generate/java.ts";
import { firstMissing, runTool, toolsFolder } from "../../clients/generate/language.ts";
import { createEnvironment, python } from "../../clients/generate/python.ts";
import { browserLane } from "./browser/lane.ts";
import { type Kit, type Lane, programLane } from "./lane.ts";
import { openLineageLanes } from "./openlineage/lane.ts";
import { readerLanes } from "./readers/lane.ts";
import { terraformLane } from "./terraform/lane.ts";

const folder = import.meta.dirname;

const pythonEnvironment = join(toolsFolder, "python-journey");
const pythonKit: Kit = {
  missing: python.missing,
  prepare() {
    python.generate();
    const requirements = join(folder, "python/requirements.txt");
    const interpreter = createEnvironment(pythonEnvironment, ["--requirement", requirements]);
    // Installed from the folder, as users do, and each time, because the stubs may have changed.
    runTool(interpreter, [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--force-reinstall",
      "--no-deps",
      python.folder,
    ]);
  },
};

const goBinary = join(toolsFolder, "go/journey");
const goKit: Kit = {
  missing: go.missing,
  prepare() {
    go.generate();
    runTool("go", ["build", "-o", goBinary, "."], { cwd: join(folder, "go") });
  },
};

const javaFolder = join(folder, "java");
const javaKit: Kit = {
  missing: java.missing,
  prepare() {
    java.generate();
    runTool("mvn", [...quietly, "package"], { cwd: javaFolder });
  },
};
const javaTarget = join(javaFolder, "journey/target");
const javaClasses = [join(javaTarget, "classes"), join(javaTarget, "libraries/*")].join(":");

const curlKit: Kit = { missing: () => firstMissing(["curl", "--version"]), prepare() {} };

/** All clients of the first journey, and those of other systems' APIs. */
export const lanes: readonly Lane[] = [
  programLane(
    "Python, grpcio",
    pythonKit,
    join(pythonEnvironment, "bin/python"),
    join(folder, "python/journey.py"),
  ),
  programLane("Go, grpc-go", goKit, goBinary, "grpc"),
  programLane("Go, connect-go", goKit, goBinary, "connect"),
  programLane("Java, grpc-java", javaKit, "java", "-cp", javaClasses, "Journey"),
  browserLane("browser, connect-web by Connect", "Connect"),
  browserLane("browser, connect-web by gRPC-Web", "gRPC-Web"),
  programLane("curl, REST", curlKit, "bash", join(folder, "curl/journey.sh")),
  terraformLane,
  ...openLineageLanes,
  ...readerLanes,
];
