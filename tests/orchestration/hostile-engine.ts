import { Socket } from "node:net";
import { channelDescriptor } from "../../services/orchestration/confinement/layers.ts";
import { openMessageChannel } from "../../services/orchestration/process/message-channel.ts";

// Replaces the engine's process. It answers every task with the bytes given in hexadecimal by the task's `fileName`, and keeps
// running.

const messageBytesMax = 1024 * 1024;
const lifetimeMs = 10_000;

const channel = new Socket({ fd: channelDescriptor });
const keepAlive = setInterval(() => {}, 1_000_000);
openMessageChannel(channel, messageBytesMax, (message) => {
  const { kind, fileName = "" } = message as { kind: string; fileName?: string };
  if (kind !== "prepare") channel.write(Buffer.from(fileName, "hex"));
});
// The service must kill it. This timer ends it if a test fails to.
channel.once("close", () => setTimeout(() => clearInterval(keepAlive), lifetimeMs));
