import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ClusterFeed, type FeedStatus } from '../src/stream/feed';
import type { Event, Snapshot } from '../src/stream/types';
import { FakeSocket, fixtureSnapshot, frameOf } from './fixtures';

function start(random = () => 1) {
  const sockets: FakeSocket[] = [];
  const heard = {
    statuses: [] as FeedStatus[],
    snapshots: [] as Snapshot[],
    events: [] as Event[],
    times: [] as number[],
    problems: [] as string[],
  };
  const feed = new ClusterFeed({
    dial: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    listener: {
      status: (status) => heard.statuses.push(status),
      snapshot: (snapshot) => heard.snapshots.push(snapshot),
      event: (event) => heard.events.push(event),
      serverTime: (atMs) => heard.times.push(atMs),
      problem: (sentence) => heard.problems.push(sentence),
    },
    random,
  });
  feed.start();
  const last = () => sockets.at(-1) as FakeSocket;
  const phase = () => heard.statuses.at(-1)?.phase;
  return { feed, sockets, heard, last, phase };
}

const resync = JSON.stringify({ type: 'resync' });

describe('ClusterFeed', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
  });

  test('hello makes it live, and a snapshot, a delta and an event reach the listener', () => {
    const { heard, last, phase } = start();
    expect(phase()).toBe('connecting');
    last().deliver(frameOf('hello'));
    expect(phase()).toBe('live');
    last().deliver(frameOf('snapshot'));
    last().deliver(frameOf('delta'));
    last().deliver(frameOf('event'));
    last().deliver(frameOf('heartbeat'));
    expect(heard.snapshots.map((snapshot) => snapshot.seq)).toEqual([4711, 4712]);
    expect(heard.snapshots[1]?.nodes[1]?.container.state).toBe('running');
    expect(heard.events.map((event) => event.id)).toEqual([91]);
    expect(heard.times).toEqual([1795423340000, 1795423340200, 1795423345200]);
    expect(last().sent).toEqual([]);
  });

  test('a delta that does not fit asks once for a whole snapshot and ignores deltas until it comes', () => {
    const { heard, last } = start();
    last().deliver(frameOf('hello'));
    last().deliver(frameOf('snapshot'));
    last().deliver({ ...frameOf('delta'), base_seq: 4719, seq: 4720 });
    last().deliver({ ...frameOf('delta'), base_seq: 4720, seq: 4721 });
    expect(last().sent).toEqual([resync]);
    expect(heard.snapshots).toHaveLength(1);
    const whole = { ...fixtureSnapshot(), seq: 4721 };
    last().deliver({ ...frameOf('snapshot'), seq: 4721, snapshot: whole });
    last().deliver({ ...frameOf('delta'), base_seq: 4721, seq: 4722 });
    expect(heard.snapshots.map((snapshot) => snapshot.seq)).toEqual([4711, 4721, 4722]);
  });

  test('a delta of another run of the exporter is a gap, whatever its number', () => {
    const { last } = start();
    last().deliver(frameOf('hello'));
    last().deliver(frameOf('snapshot'));
    last().deliver({ ...frameOf('delta'), boot: 'another' });
    expect(last().sent).toEqual([resync]);
  });

  test('a delta before any snapshot asks for one', () => {
    const { last } = start();
    last().deliver(frameOf('hello'));
    last().deliver(frameOf('delta'));
    expect(last().sent).toEqual([resync]);
  });

  test('a frame that cannot be trusted is reported and answered with a resync; a second one costs the connection', () => {
    const { heard, last, phase } = start();
    last().deliver(frameOf('hello'));
    last().deliver('{"v":1,');
    expect(heard.problems).toEqual(['the frame is not JSON']);
    expect(last().sent).toEqual([resync]);
    const socket = last();
    socket.deliver({ ...frameOf('snapshot'), snapshot: {} });
    expect(heard.problems).toHaveLength(2);
    expect(socket.closed).toBe(true);
    expect(phase()).toBe('reconnecting');
    expect(heard.snapshots).toEqual([]);
  });

  test('a resync that is not answered within two heartbeats costs the connection', () => {
    const { last, phase } = start();
    last().deliver(frameOf('hello'));
    last().deliver(frameOf('delta'));
    vi.advanceTimersByTime(4_000);
    last().deliver(frameOf('heartbeat'));
    vi.advanceTimersByTime(5_999);
    expect(phase()).toBe('live');
    vi.advanceTimersByTime(1);
    expect(phase()).toBe('stale');
  });

  test('it is stale after two missed heartbeats, not before, and hangs up without waiting for the peer', () => {
    const { heard, last, phase } = start();
    last().deliver({ ...frameOf('hello'), heartbeat_ms: 1_000 });
    vi.advanceTimersByTime(1_900);
    last().deliver(frameOf('heartbeat'));
    vi.advanceTimersByTime(1_999);
    expect(phase()).toBe('live');
    const socket = last();
    vi.advanceTimersByTime(1);
    expect(heard.statuses.at(-1)).toEqual({ phase: 'stale', retryAt: Date.now() + 500 });
    expect(socket.closed).toBe(true);
    socket.deliver(frameOf('snapshot'));
    expect(heard.snapshots).toEqual([]);
  });

  test('a peer that accepts and never says hello is given up as well', () => {
    const { sockets, phase } = start();
    vi.advanceTimersByTime(10_000);
    expect(phase()).toBe('stale');
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
  });

  test('it dials again with growing waits up to ten seconds, and quickly again after a good snapshot', () => {
    const { sockets, heard, last } = start();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; ++attempt) {
      last().drop();
      const status = heard.statuses.at(-1);
      waits.push(status && 'retryAt' in status ? status.retryAt - Date.now() : -1);
      vi.advanceTimersByTime(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
    expect(sockets).toHaveLength(8);
    last().deliver(frameOf('hello'));
    last().deliver(frameOf('snapshot'));
    last().drop();
    expect(heard.statuses.at(-1)).toEqual({ phase: 'reconnecting', retryAt: Date.now() + 500 });
  });

  test('waits are spread, so that many pages do not return at the same instant', () => {
    const { heard, last } = start(() => 0);
    last().drop();
    expect(heard.statuses.at(-1)).toEqual({ phase: 'reconnecting', retryAt: Date.now() + 350 });
  });

  test('deltas of a new connection do not continue the snapshot of the old one', () => {
    const { heard, last } = start();
    last().deliver(frameOf('hello'));
    last().deliver(frameOf('snapshot'));
    last().drop();
    vi.advanceTimersByTime(500);
    last().deliver(frameOf('delta'));
    expect(heard.snapshots).toHaveLength(1);
    expect(last().sent).toEqual([resync]);
  });

  test('retryNow dials at once, and does nothing while connected', () => {
    const { feed, sockets, last } = start();
    feed.retryNow();
    expect(sockets).toHaveLength(1);
    last().drop();
    feed.retryNow();
    expect(sockets).toHaveLength(2);
    vi.advanceTimersByTime(499);
    expect(sockets).toHaveLength(2);
  });

  test('stop hangs up for good', () => {
    const { feed, sockets, last } = start();
    last().deliver(frameOf('hello'));
    feed.stop();
    expect(last().closed).toBe(true);
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });
});
