import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmod, chown, cp, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { createLog } from "../../../services/lib/telemetry/log.ts";
import { checkConfinement } from "../../../services/orchestration/confinement/check-confinement.ts";
import { layers, protections } from "../../../services/orchestration/confinement/layers.ts";
import { isRoot, openFolder } from "../../all-in-one/postgres-fixtures.ts";
import { untilGone } from "../../lib/processes.ts";

const repository = join(import.meta.dirname, "../../..");
const plainUser = 54_321;

/** Landlock, namespaces and seccomp exist only on Linux. */
const isLinux = process.platform === "linux";

type Target = { path: string; targets: Record<string, unknown>; heard: string[] } & AsyncDisposable;

/** Targets of the hostile program: files, ports and a process. */
async function layOut(): Promise<Target> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await openFolder());
  const secretFile = join(folder.path, "secret");
  await writeFile(secretFile, "secret", { mode: 0o666 });
  const writableFolder = join(folder.path, "writable");
  await mkdir(writableFolder);
  await chmod(writableFolder, 0o777);
  const heard: string[] = [];
  const listen = async (at: string | number) => {
    const server = createServer((socket) => {
      heard.push(`connection to ${at}`);
      socket.destroy();
    });
    server.listen(typeof at === "string" ? { path: at } : { port: at, host: "127.0.0.1" });
    await once(server, "listening");
    stack.defer(() => void server.close());
    return server.address();
  };
  const unixSocket = join(folder.path, "socket");
  await listen(unixSocket);
  await chmod(unixSocket, 0o777);
  const tcp = (await listen(0)) as { port: number };
  const udp = createSocket("udp4", () => heard.push("datagram"));
  udp.bind(0, "127.0.0.1");
  await once(udp, "listening");
  stack.defer(() => void udp.close());
  const victim = spawn("sleep", ["600"], { stdio: "ignore" });
  stack.defer(() => void victim.kill("SIGKILL"));
  const owned = stack.move();
  return {
    path: folder.path,
    heard,
    targets: {
      secretFile,
      writableFolder,
      tcpPort: tcp.port,
      udpPort: udp.address().port,
      unixSocket,
      victimPid: victim.pid,
    },
    [Symbol.asyncDispose]: () => owned[Symbol.asyncDispose](),
  };
}

/** Copies of the programs that the user can read, because the checkout's folder may be private to its owner. */
async function programsFor(folder: string): Promise<string> {
  const copy = join(folder, "copy");
  for (const part of [
    "services/orchestration/confinement",
    "tests/orchestration/confinement",
    "package.json",
  ]) {
    await cp(join(repository, part), join(copy, part), { recursive: true });
  }
  await cp(process.execPath, join(copy, "node"));
  await chmod(join(copy, "node"), 0o755);
  return copy;
}

type User = "root" | "plain";

async function startAs(user: User, folder: string, targets: object, program: string) {
  const root = await programsFor(folder);
  const own = join(folder, "service");
  await mkdir(own);
  const ids = user === "plain" && isRoot ? { uid: plainUser, gid: plainUser } : {};
  if (ids.uid) await chown(own, ids.uid, ids.uid);
  const script = join(root, "tests/orchestration/confinement/start-hostile.ts");
  const child = spawn(join(root, "node"), [script, own, JSON.stringify(targets), program], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env.PATH, SECRET: "a secret of the mesh" },
    ...ids,
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  return {
    readLine: async () => JSON.parse((await lines.next()).value ?? "{}"),
    kill,
    // Its program goes with it.
    [Symbol.asyncDispose]: kill,
  };
}

const users: readonly User[] = isRoot ? ["root", "plain"] : ["plain"];

test.runIf(isLinux).each(users)(
  "OK: as %s user, a program in the engine's place gets nowhere, and writes to its own folder",
  async (user) => {
    await using target = await layOut();
    await using service = await startAs(user, target.path, target.targets, "hostile-program.ts");
    const started = await service.readLine();
    expect(started).toMatchObject({ layers, holds: expect.arrayContaining([...protections]) });
    const { answer, complaint } = await service.readLine();
    expect(complaint).toBe("");
    expect(answer).toMatchObject({ succeeded: [], own: "written" });
    expect(answer.refused.length).toBeGreaterThan(40);
    expect(answer.environment).toEqual(["OPENSSL_CONF", "TZ", "UV_USE_IO_URING"]);
    expect(answer.userId).not.toBe(0);
    expect(target.heard).toEqual([]);
    expect(await readFile(join(target.path, "secret"), "utf8")).toBe("secret");
  },
);

test.runIf(isLinux).each(users)(
  "OK: as %s user, a program that never ends goes with its killed parent",
  async (user) => {
    await using folder = await openFolder();
    await using service = await startAs(user, folder.path, {}, "endless-program.ts");
    const { pid } = await service.readLine();
    await service.kill();
    await untilGone([pid]);
  },
);

test.runIf(isLinux).each(users)(
  "OK: as %s user, a program keeps what it may read in /proc, whose inodes the kernel replaces when memory is short",
  async (user) => {
    await using folder = await openFolder();
    await using service = await startAs(user, folder.path, {}, "endless-program.ts");
    const { pid } = await service.readLine();
    const held = async () => {
      const descriptors = await readdir(`/proc/${pid}/fd`);
      return Promise.all(descriptors.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => "")));
    };
    const paths = ["/proc/meminfo", "/proc/sys/vm/overcommit_memory", `/proc/${pid}/cgroup`];
    await expect.poll(held).toEqual(expect.arrayContaining(paths));
  },
);

const silent = createLog("test", { logLevel: "silent" });

test("the service does not start where less holds than the operator requires", () => {
  const confinement = { layers: [], holds: new Set(["memory", "privileges"] as const) };
  expect(() => checkConfinement(confinement, ["memory", "files"], silent)).toThrow(
    "ENGINE_CONFINEMENT_REQUIRED asks for files, which this platform does not give: it gives memory, privileges",
  );
  expect(() => checkConfinement(confinement, ["memory"], silent)).not.toThrow();
  expect(() => checkConfinement(confinement, [], silent)).not.toThrow();
});
