import { Conformance, isObject, type Schema } from './conform';
import contract from './schema.json';
import type { Frame } from './types';

export const conformance = new Conformance(contract as Schema);

const kDefinitions: Record<string, string> = {
  hello: 'HelloFrame',
  snapshot: 'SnapshotFrame',
  delta: 'DeltaFrame',
  event: 'EventFrame',
  heartbeat: 'HeartbeatFrame',
};

export type Decoded =
  | { kind: 'frame'; frame: Frame }
  /** A frame type that only newer readers know. */
  | { kind: 'unknown'; type: string }
  | { kind: 'refused'; reason: string };

/** The only way from bytes to a frame: what it returns has the shape that types.ts promises. */
export function decodeFrame(data: unknown): Decoded {
  if (typeof data !== 'string') return { kind: 'refused', reason: 'the frame is not text' };
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return { kind: 'refused', reason: 'the frame is not JSON' };
  }
  if (!isObject(value) || typeof value['type'] !== 'string') {
    return { kind: 'refused', reason: 'the frame has no type' };
  }
  if (value['v'] !== 1)
    return { kind: 'refused', reason: `protocol version ${String(value['v'])} is not 1` };
  const definition = kDefinitions[value['type']];
  if (!definition) return { kind: 'unknown', type: value['type'] };
  const reason = conformance.complaint(definition, value);
  return reason ? { kind: 'refused', reason } : { kind: 'frame', frame: value as unknown as Frame };
}
