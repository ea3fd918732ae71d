import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, Socket } from "node:net";
import { systemCall } from "./kernel.ts";
import { channelDescriptor, type Protection } from "./layers.ts";

// Starts like an engine and attempts forbidden actions. A protection holds if the attempt fails. The findings
// are sent over the channel as JSON.

/** The discard port, on which nothing listens: a refused connection shows that the network is reachable. */
const closedPort = 9;
const host = "127.0.0.1";
const getNoNewPrivileges = 39;
const rightsGained = 0;
/** More than an engine's limit. The memory is never touched. */
const largeBytes = 8 * 1024 ** 3;

const found: Record<Protection, boolean> = {
  files: fails(() => readdirSync("/")) && fails(() => readFileSync("/etc/passwd")),
  signals: fails(() => process.kill(process.ppid, 0)),
  privileges: systemCall("prctl", getNoNewPrivileges) !== rightsGained,
  memory: fails(() => new ArrayBuffer(largeBytes)),
  user: process.getuid?.() !== 0,
  // Without flags `unshare` needs no privilege, so only the filter makes it fail.
  systemCalls: fails(() => systemCall("unshare", 0)),
  network: !(await reachesByTcp()) && !(await reachesByUdp()),
};
new Socket({ fd: channelDescriptor }).end(JSON.stringify(found));

function fails(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch {
    return true;
  }
}

async function reachesByTcp(): Promise<boolean> {
  try {
    const socket = connect(closedPort, host);
    await once(socket, "connect");
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ECONNREFUSED";
  }
}

async function reachesByUdp(): Promise<boolean> {
  try {
    const socket = createSocket("udp4");
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.on("error", reject);
    socket.send("", closedPort, host, (error) => (error ? reject(error) : resolve()));
    await promise;
    socket.close();
    return true;
  } catch {
    return false;
  }
}
