import { constants } from "node:http2";
import type { ConnectionState } from "./connection-state.ts";
import { frameHead, frameTypes, max31Bits } from "./frames.ts";
import { Http2Error, protocolError } from "./http2-error.ts";
import { firstWindowBytes } from "./receive-window.ts";

/** Largest header list, in bytes as defined by RFC 9113, section 6.5.2. */
export const headerListBytesMax = 64 * 1024;

/** Id and value. */
const settingBytes = 6;

const ownSettings: readonly (readonly [id: number, value: number])[] = [
  [constants.NGHTTP2_SETTINGS_ENABLE_PUSH, 0],
  [constants.NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, headerListBytesMax],
];

/** This end's SETTINGS frame. */
export function settingsFrame(): Buffer {
  const payload = Buffer.alloc(settingBytes * ownSettings.length);
  for (const [at, [id, value]] of ownSettings.entries()) {
    payload.writeUInt16BE(id, settingBytes * at);
    payload.writeUInt32BE(value, settingBytes * at + 2);
  }
  return Buffer.concat([frameHead(frameTypes.settings, 0, 0, payload.byteLength), payload]);
}

/** Applies a SETTINGS frame of the server. */
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

/** Range of SETTINGS_MAX_FRAME_SIZE. Source: RFC 9113, section 6.5.2. */
const frameBytes = { least: 16_384, most: 16_777_215 } as const;

/** Settings of the server until it sends its own. RFC 9113 recommends that servers accept at least 100 streams. */
export const initialPeer = {
  streamsMax: 100,
  windowBytes: firstWindowBytes,
  frameBytesMax: frameBytes.least,
} as const;
