import { once } from "node:events";
import { unlink } from "node:fs/promises";
import { connect } from "node:net";

/** Removes the unix socket of a killed process. A socket that is listened on stays. */
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
