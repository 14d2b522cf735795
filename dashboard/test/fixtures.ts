import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ChaosApi } from '../src/chaos/chaos_api';
import { Desk } from '../src/state/context';
import type { SocketLike } from '../src/stream/feed';
import type { Fault, Frame, Node, Snapshot } from '../src/stream/types';

function read(name: string): unknown {
  // vitest runs in dashboard/; the fixtures are the ones that C++ must write.
  return JSON.parse(readFileSync(resolve('../schema/fixtures', name), 'utf8'));
}

export const fixtureFrames = () => read('frames.json') as Frame[];
export const fixtureSnapshot = () => read('snapshot.json') as Snapshot;

export function frameOf<T extends Frame['type']>(type: T): Extract<Frame, { type: T }> {
  const frame = fixtureFrames().find((one) => one.type === type);
  if (!frame) throw new Error(`no ${type} in frames.json`);
  return frame as Extract<Frame, { type: T }>;
}

/** The fixture's cluster of three (n2 killed) with changes. */
export function snapshotWith(change: (snapshot: Snapshot) => void): Snapshot {
  const snapshot = fixtureSnapshot();
  change(snapshot);
  return snapshot;
}

export function node(snapshot: Snapshot, id: number): Node {
  const found = snapshot.nodes.find((one) => one.node_id === id);
  if (!found) throw new Error(`no n${id}`);
  return found;
}

/** n2 runs again and nothing is wrong. */
export function healthySnapshot(): Snapshot {
  return snapshotWith((snapshot) => {
    const n2 = node(snapshot, 2);
    const n1 = node(snapshot, 1);
    n2.container_state = 'running';
    n2.container.state = 'running';
    n2.process = { ...n1.process };
    n2.liveness = { ...n1.liveness };
    n2.replication = { ...n1.replication };
    n2.leader_ranges = 21;
    snapshot.faults = [];
    for (const target of snapshot.targets) target.state = 'running';
    snapshot.cluster.nodes_up = 3;
    snapshot.verdict = {
      ...snapshot.verdict,
      state: 'available',
      sentence: 'Available, can lose 1 more node',
      can_lose_nodes: 1,
    };
    snapshot.ranges_underreplicated = 0;
  });
}

export function later(
  snapshot: Snapshot,
  change: (snapshot: Snapshot) => void = () => {},
): Snapshot {
  const next = structuredClone(snapshot);
  next.seq += 1;
  next.timestamp += 200;
  change(next);
  return next;
}

export const killFault = (): Fault => {
  const fault = fixtureSnapshot().faults[0];
  if (!fault) throw new Error('the fixture has no fault');
  return fault;
};

/** Records what was sent; tests play the server. */
export class FakeSocket implements SocketLike {
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  sent: string[] = [];
  closed = false;

  send(data: string): void {
    this.sent.push(data);
  }
  close(): void {
    this.closed = true;
  }
  deliver(frame: unknown): void {
    const data = typeof frame === 'string' ? frame : JSON.stringify(frame);
    this.onmessage?.({ data } as never);
  }
  drop(): void {
    this.onclose?.({} as never);
  }
}

export interface Call {
  method: string;
  url: string;
  body: unknown;
}

/** Stands in for fetch: answers in order, records the calls. */
export function fakeFetch(...answers: (Response | Error)[]) {
  const calls: Call[] = [];
  const fetcher = (async (url: string, init: RequestInit) => {
    calls.push({
      method: init.method ?? 'GET',
      url,
      body: typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined,
    });
    const answer = answers.shift() ?? new Response('{}', { status: 404 });
    if (answer instanceof Error) throw answer;
    return answer;
  }) as unknown as typeof fetch;
  return { fetcher, calls };
}

export function json(status: number, body: unknown): Response {
  return new Response(JSON.stringify(body), { status });
}

export const capabilities = (max = 1800) =>
  json(200, {
    runtime: 'docker',
    runtime_ok: true,
    runtime_detail: '',
    max_duration_s: max,
    faults: ['stop', 'kill', 'pause', 'restart'].map((kind) => ({
      kind,
      support: 'supported',
      reason: '',
    })),
  });

/** A desk that is connected and has heard `snapshot`; the browser's clock runs 1 h behind the server's. */
export function deskWith(snapshot: Snapshot | null, fetcher?: typeof fetch) {
  const clock = { now: (snapshot?.timestamp ?? fixtureSnapshot().timestamp) - 3_600_000 };
  const desk = new Desk(new ChaosApi(fetcher ?? fakeFetch().fetcher), () => clock.now);
  desk.listener.status({ phase: 'live' });
  if (snapshot) {
    desk.listener.serverTime(snapshot.timestamp);
    desk.listener.snapshot(snapshot);
  }
  return { desk, clock };
}

export const idleFeed = { start: () => {}, stop: () => {}, retryNow: () => {} };
