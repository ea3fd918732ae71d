import { constants } from "node:http2";
import type { ConnectionState } from "./connection-state.ts";
import { frameHead, frameTypes, max31Bits } from "./frames.ts";
import { Http2Error, protocolError } from "./http2-error.ts";
import { firstWindowBytes } from "./receive-window.ts";

/** What a list of headers may take, counted as RFC 9113 has it, in bytes. */
export const headerListBytesMax = 64 * 1024;

/** Bytes of one setting: its id and its value. */
const settingBytes = 6;

/** What this end asks for. */
const ownSettings: readonly (readonly [id: number, value: number])[] = [
  [constants.NGHTTP2_SETTINGS_ENABLE_PUSH, 0],
  [constants.NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, headerListBytesMax],
];

/** The frame with what this end asks for. */
export function settingsFrame(): Buffer {
  const payload = Buffer.alloc(settingBytes * ownSettings.length);
  for (const [at, [id, value]] of ownSettings.entries()) {
    payload.writeUInt16BE(id, settingBytes * at);
    payload.writeUInt32BE(value, settingBytes * at + 2);
  }
  return Buffer.concat([frameHead(frameTypes.settings, 0, 0, payload.byteLength), payload]);
}

/** Takes over what the other end asks for. */
export function applySettings(connection: ConnectionState, payload: Buffer): void {
  if (payload.byteLength % settingBytes !== 0)
    throw new Http2Error(constants.NGHTTP2_FRAME_SIZE_ERROR, "settings end too early");
  for (let at = 0; at < payload.byteLength; at += settingBytes)
    applySetting(connection, payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
}

function applySetting(connection: ConnectionState, id: number, value: number): void {
  const { peer } = connection;
  if (id === constants.NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) peer.streamsMax = value;
  else if (id === constants.NGHTTP2_SETTINGS_MAX_FRAME_SIZE) {
    if (value < frameBytes.least || value > frameBytes.most) throw protocolError("frames have no such size");
    peer.frameBytesMax = value;
  } else if (id === constants.NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE) {
    if (value > max31Bits)
      throw new Http2Error(constants.NGHTTP2_FLOW_CONTROL_ERROR, "a window has no such size");
    for (const stream of connection.streams.values()) stream.sendWindowBytes += value - peer.windowBytes;
    peer.windowBytes = value;
  }
}

/** What SETTINGS_MAX_FRAME_SIZE may be. Source: RFC 9113, section 6.5.2. */
const frameBytes = { least: 16_384, most: 16_777_215 } as const;

/** What the other end bears before it has said anything; of streams a few are sure to be borne. */
export const initialPeer = {
  streamsMax: 100,
  windowBytes: firstWindowBytes,
  frameBytesMax: frameBytes.least,
} as const;
