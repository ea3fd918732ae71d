import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { connect } from "node:net";

/** Removes a unix socket that a process left behind when it was killed; one that somebody listens on stays. */
export async function removeStaleSocket(path: string): Promise<void> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") await unlink(path);
  } finally {
    socket.destroy();
  }
}
