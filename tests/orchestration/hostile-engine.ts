import { Socket } from "node:net";
import { channelDescriptor } from "../../services/orchestration/confinement/layers.ts";
import { openMessageChannel } from "../../services/orchestration/process/message-channel.ts";

// Stands in the place of the engine's process: whatever it is asked, it sends the bytes that the task's `fileName` gives in
// hexadecimal, and does not end.

const messageBytesMax = 1024 * 1024;
const patienceMs = 10_000;

const channel = new Socket({ fd: channelDescriptor });
const nothingEnds = setInterval(() => {}, 1_000_000);
openMessageChannel(channel, messageBytesMax, (message) => {
  const { kind, fileName = "" } = message as { kind: string; fileName?: string };
  if (kind !== "prepare") channel.write(Buffer.from(fileName, "hex"));
});
// Whoever gives it up ends it; it goes by itself only where nobody does.
channel.once("close", () => setTimeout(() => clearInterval(nothingEnds), patienceMs));
