import { describe, expect, test } from 'vitest';
import { decodeFrame } from '../src/stream/decode';
import { applyDelta, mergePatch } from '../src/stream/merge';
import { fixtureFrames, fixtureSnapshot, frameOf, node } from './fixtures';

const refusal = (frame: unknown) => {
  const decoded = decodeFrame(typeof frame === 'string' ? frame : JSON.stringify(frame));
  return decoded.kind === 'refused' ? decoded.reason : `accepted as ${decoded.kind}`;
};

describe('decodeFrame', () => {
  test('takes every frame of the shared fixture', () => {
    const frames = fixtureFrames();
    expect(frames.length).toBeGreaterThan(4);
    for (const frame of frames)
      expect(decodeFrame(JSON.stringify(frame))).toEqual({ kind: 'frame', frame });
  });

  test('refuses what is not text, not JSON or no frame', () => {
    expect(decodeFrame(new ArrayBuffer(4))).toEqual({
      kind: 'refused',
      reason: 'the frame is not text',
    });
    expect(refusal('{"v":1')).toBe('the frame is not JSON');
    expect(refusal('[]')).toBe('the frame has no type');
    expect(refusal('null')).toBe('the frame has no type');
  });

  test('refuses another protocol version', () => {
    expect(refusal({ ...frameOf('heartbeat'), v: 2 })).toBe('protocol version 2 is not 1');
  });

  test('names the member that is missing, mistyped or out of its range', () => {
    const snapshot = frameOf('snapshot');
    const broken = (change: (frame: Record<string, any>) => void) => {
      const copy = structuredClone(snapshot) as unknown as Record<string, any>;
      change(copy);
      return refusal(copy);
    };
    expect(broken((frame) => delete frame['snapshot'].nodes[1].liveness)).toBe(
      'SnapshotFrame/snapshot/nodes/1/liveness is missing',
    );
    expect(broken((frame) => (frame['snapshot'].ranges_total = '65'))).toBe(
      'SnapshotFrame/snapshot/ranges_total must be integer or null',
    );
    expect(broken((frame) => (frame['snapshot'].ranges_total = -1))).toBe(
      'SnapshotFrame/snapshot/ranges_total must be at least 0',
    );
    expect(broken((frame) => (frame['snapshot'].verdict.state = 'fine'))).toContain(
      'verdict/state must be one of available',
    );
    expect(broken((frame) => (frame['snapshot'].verdict.sentence = ''))).toContain(
      'verdict/sentence must not be empty',
    );
    expect(broken((frame) => (frame['snapshot'].nodes[0].ranges = 1.5))).toContain(
      'ranges must be integer or null',
    );
  });

  test('lets members and frame types of newer exporters pass', () => {
    expect(decodeFrame(JSON.stringify({ ...frameOf('heartbeat'), novelty: { a: 1 } })).kind).toBe(
      'frame',
    );
    expect(decodeFrame('{"v":1,"type":"timeline"}')).toEqual({ kind: 'unknown', type: 'timeline' });
  });
});

describe('applyDelta', () => {
  test('patches the top level and the one node, and leaves the others as they were', () => {
    const base = fixtureSnapshot();
    const merged = applyDelta(base, frameOf('delta'));
    if (!('snapshot' in merged)) throw new Error(merged.refused);
    const { snapshot } = merged;
    expect(snapshot.seq).toBe(4712);
    expect(snapshot.timestamp).toBe(1795423340200);
    expect(node(snapshot, 2).container).toEqual({
      ...node(base, 2).container,
      state: 'running',
      since_ms: 1795423340150,
      read_at_ms: 1795423340160,
    });
    expect(node(snapshot, 2).liveness).toBe(node(base, 2).liveness);
    expect(node(snapshot, 1)).toBe(node(base, 1));
    expect(snapshot.faults).toBe(base.faults);
  });

  test('adds a whole new node, sorted, and removes one', () => {
    const base = fixtureSnapshot();
    const newcomer = { ...node(base, 1), node_id: 9 };
    const merged = applyDelta(base, {
      ...frameOf('delta'),
      set: {},
      nodes: { '9': newcomer },
      removed_nodes: [2],
    });
    expect('snapshot' in merged && merged.snapshot.nodes.map((one) => one.node_id)).toEqual([
      1, 3, 9,
    ]);
  });

  test('null in a patch means that the value became unknown, not that the member is gone', () => {
    expect(mergePatch({ a: 1, b: { c: 2, d: 3 } }, { a: null, b: { c: null } })).toEqual({
      a: null,
      b: { c: null, d: 3 },
    });
    expect(mergePatch({ list: [1, 2] }, { list: [3] })).toEqual({ list: [3] });
  });

  test('refuses a patch whose result breaks the contract', () => {
    const base = fixtureSnapshot();
    const delta = frameOf('delta');
    expect(
      applyDelta(base, { ...delta, nodes: { '2': { process: { state: 'gone' } } } }),
    ).toHaveProperty('refused');
    expect(applyDelta(base, { ...delta, nodes: { '7': { ranges: 3 } } })).toEqual({
      refused: 'Node/node_id is missing',
    });
    expect(applyDelta(base, { ...delta, set: { cluster: { nodes_up: null } } })).toHaveProperty(
      'refused',
    );
  });
});
