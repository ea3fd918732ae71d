import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { connect, Socket } from "node:net";
import { systemCall } from "./kernel.ts";
import { channelDescriptor, type Protection } from "./layers.ts";

// Runs in the place of an engine and tries what an engine must not be able to do: a protection holds where it fails. Its
// findings leave over the channel as JSON.

/** Discard: nobody listens there, so that only a network that can be reached refuses the connection. */
const closedPort = 9;
const host = "127.0.0.1";
const getNoNewPrivileges = 39;
const rightsGained = 0;
/** More memory than an engine gets; it is never touched. */
const largeBytes = 8 * 1024 ** 3;

const found: Record<Protection, boolean> = {
  files: fails(() => readdirSync("/")) && fails(() => readFileSync("/etc/passwd")),
  signals: fails(() => process.kill(process.ppid, 0)),
  privileges: systemCall("prctl", getNoNewPrivileges) !== rightsGained,
  memory: fails(() => new ArrayBuffer(largeBytes)),
  user: process.getuid?.() !== 0,
  // Asking for a namespace of no kind is allowed to everybody.
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
