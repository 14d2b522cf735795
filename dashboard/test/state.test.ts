import { describe, expect, test, vi } from 'vitest';
import { EventLog, kEventsMax } from '../src/state/event_log.svelte';
import { Preferences } from '../src/state/preferences.svelte';
import type { Event } from '../src/stream/types';
import {
  capabilities,
  deskWith,
  fakeFetch,
  fixtureSnapshot,
  frameOf,
  healthySnapshot,
  json,
  killFault,
  later,
  node,
  snapshotWith,
} from './fixtures';

describe('ClusterState', () => {
  test('an older snapshot of the same run is ignored, one of a new run is taken whatever its number', () => {
    const { desk } = deskWith(fixtureSnapshot());
    desk.cluster.apply({ ...fixtureSnapshot(), seq: 4700, ranges_total: 1 });
    expect(desk.cluster.snapshot?.ranges_total).toBe(65);
    desk.cluster.apply({ ...fixtureSnapshot(), boot: 'b-2', seq: 1, ranges_total: 2 });
    expect(desk.cluster.snapshot?.ranges_total).toBe(2);
  });

  test('ages are by the clock of the server, not of the browser', () => {
    const { desk, clock } = deskWith(fixtureSnapshot());
    expect(desk.cluster.dataAgeMs).toBe(0);
    expect(desk.cluster.age(fixtureSnapshot().timestamp - 12_000)).toBe(12_000);
    clock.now += 3_000;
    desk.tick();
    expect(desk.cluster.dataAgeMs).toBe(3_000);
    expect(desk.cluster.age(null)).toBeNull();
  });

  test('a frame that was delayed does not make the server look slow', () => {
    const { desk, clock } = deskWith(fixtureSnapshot());
    clock.now += 1_500;
    desk.listener.serverTime(fixtureSnapshot().timestamp + 500);
    expect(desk.cluster.dataAgeMs).toBe(1_500);
  });

  test('a lost connection looks stale after a second; one that never was does not', () => {
    const { desk, clock } = deskWith(fixtureSnapshot());
    desk.listener.status({ phase: 'reconnecting', retryAt: clock.now + 500 });
    desk.listener.status({ phase: 'connecting' });
    expect([desk.cluster.stale, desk.cluster.tone]).toEqual([false, 'warn']);
    clock.now += 1_001;
    desk.tick();
    expect([desk.cluster.stale, desk.cluster.tone]).toEqual([true, 'unknown']);
    desk.listener.status({ phase: 'live' });
    expect(desk.cluster.stale).toBe(false);
  });

  test('silence and old data look stale at once, connected or not', () => {
    const { desk, clock } = deskWith(fixtureSnapshot());
    desk.listener.status({ phase: 'stale', retryAt: clock.now + 500 });
    expect(desk.cluster.stale).toBe(true);
    desk.listener.status({ phase: 'live' });
    clock.now += 15_001;
    desk.listener.serverTime(fixtureSnapshot().timestamp + 15_001);
    expect([desk.cluster.live, desk.cluster.stale]).toEqual([true, true]);
  });

  test('a problem is shown until the next good snapshot', () => {
    const { desk } = deskWith(fixtureSnapshot());
    desk.listener.problem('the frame is not JSON');
    expect(desk.cluster.problem).toBe('the frame is not JSON');
    desk.listener.snapshot(later(fixtureSnapshot()));
    expect(desk.cluster.problem).toBeNull();
  });
});

describe('EventLog', () => {
  const event = (id: number, at = id): Event => ({ ...frameOf('event').event, id, at_ms: at });

  test('the newest is first, told twice is listed once, and a restart of the exporter does not collide', () => {
    const log = new EventLog();
    expect([
      log.add(event(1), 'a'),
      log.add(event(3), 'a'),
      log.add(event(2), 'a'),
      log.add(event(3), 'a'),
      log.add(event(1, 9), 'b'),
    ]).toEqual([true, true, true, false, true]);
    expect(log.shown.map((one) => one.key)).toEqual(['b-1', 'a-3', 'a-2', 'a-1']);
  });

  test('it keeps the newest 200', () => {
    const log = new EventLog();
    for (let id = 1; id <= kEventsMax + 5; ++id) log.add(event(id), 'a');
    expect(log.shown).toHaveLength(200);
    expect([log.shown[0]?.id, log.shown.at(-1)?.id]).toEqual([205, 6]);
  });

  test('a paused list stands still and counts what it holds back', () => {
    const log = new EventLog();
    log.add(event(1), 'a');
    log.pause();
    log.add(event(2), 'a');
    log.add(event(3), 'a');
    expect([log.shown.map((one) => one.id), log.waiting, log.paused]).toEqual([[1], 2, true]);
    log.resume();
    expect([log.shown.map((one) => one.id), log.waiting]).toEqual([[3, 2, 1], 0]);
  });

  test('a list that was paused while empty counts everything that comes', () => {
    const log = new EventLog();
    log.pause();
    log.add(event(1), 'a');
    expect([log.shown, log.waiting]).toEqual([[], 1]);
  });
});

describe('NodeActions', () => {
  const kill = async (answer: Response) => {
    const { fetcher, calls } = fakeFetch(capabilities(), answer);
    const { desk, clock } = deskWith(healthySnapshot(), fetcher);
    const snapshot = desk.cluster.snapshot!;
    await desk.actions.run('kill', node(snapshot, 2), snapshot, 60);
    return { desk, clock, calls, snapshot };
  };
  const accepted = () =>
    json(202, { ...killFault(), id: 'f-18', state: 'queued', active_at_ms: null });

  test('a kill is pending until the stream shows the effect, not until the call returned', async () => {
    const { desk, calls, snapshot } = await kill(accepted());
    expect(calls.at(-1)).toMatchObject({
      url: '/api/chaos/v1/faults',
      body: { kind: 'kill', target: 'crdb-2', duration_s: 60 },
    });
    expect(desk.actions.pending(2)).toMatchObject({
      action: 'kill',
      accepted: true,
      faultId: 'f-18',
    });
    const same = later(snapshot);
    desk.listener.snapshot(same);
    expect(desk.actions.pending(2)).not.toBeNull();
    desk.listener.snapshot(later(same, (it) => (node(it, 2).container.state = 'exited')));
    expect(desk.actions.pending(2)).toBeNull();
    expect(desk.actions.error(2)).toBeNull();
  });

  test('the exporter noticing first is an effect as well', async () => {
    const { desk, snapshot } = await kill(accepted());
    desk.listener.snapshot(later(snapshot, (it) => (node(it, 2).process.state = 'unreachable')));
    expect(desk.actions.pending(2)).toBeNull();
  });

  test('a refused call is told at the card in words and leaves nothing pending', async () => {
    const { desk } = await kill(
      json(409, { title: 'Conflict', detail: 'crdb-2 has an open fault already' }),
    );
    expect(desk.actions.pending(2)).toBeNull();
    expect(desk.actions.error(2)).toBe('Kill failed: crdb-2 has an open fault already.');
    expect(desk.announcer.polite).toBe('n2: Kill failed: crdb-2 has an open fault already.');
    desk.actions.dismiss(2);
    expect(desk.actions.error(2)).toBeNull();
  });

  const asked = (hash: string) =>
    json(409, {
      code: 'plan_not_accepted',
      detail: 'this needs acceptance',
      plan: { plan_hash: hash, guard: { reasons: ['14 ranges would lose quorum'] } },
    });

  test('a plan that chaosd wants accepted becomes a question, and is accepted by its hash', async () => {
    const { fetcher, calls } = fakeFetch(capabilities(), asked('aa'), asked('bb'), accepted());
    const { desk } = deskWith(healthySnapshot(), fetcher);
    const snapshot = desk.cluster.snapshot!;
    const n2 = node(snapshot, 2);
    await desk.actions.run('kill', n2, snapshot, 60);
    expect(desk.actions.question(2)).toEqual({
      action: 'kill',
      durationS: 60,
      hash: 'aa',
      sentence: '14 ranges would lose quorum. chaosd undoes it after 1 min.',
    });
    expect([desk.actions.pending(2), desk.actions.error(2)]).toEqual([null, null]);
    desk.actions.answered(2);
    expect(desk.actions.question(2)).toBeNull();
    // Meanwhile it became another plan: the person is asked again.
    await desk.actions.run('kill', n2, snapshot, 60, 'aa');
    expect(calls.at(-1)!.body).toMatchObject({ accept_plan: 'aa' });
    expect(desk.actions.question(2)?.hash).toBe('bb');
    await desk.actions.run('kill', n2, snapshot, 60, 'bb');
    expect(desk.actions.pending(2)).toMatchObject({ accepted: true });
  });

  test('who confirmed the forecast of the page is not asked a second time', async () => {
    const { fetcher, calls } = fakeFetch(capabilities(), asked('aa'), accepted());
    const { desk } = deskWith(healthySnapshot(), fetcher);
    const snapshot = desk.cluster.snapshot!;
    await desk.actions.run('kill', node(snapshot, 2), snapshot, 60, true);
    expect(calls.at(-1)!.body).toEqual({
      kind: 'kill',
      target: 'crdb-2',
      duration_s: 60,
      accept_plan: 'aa',
    });
    expect(desk.actions.question(2)).toBeNull();
    expect(desk.actions.pending(2)).toMatchObject({ accepted: true });
  });

  test('a fault that failed after it was accepted is told with its reason', async () => {
    const { desk, snapshot } = await kill(accepted());
    desk.listener.snapshot(
      later(
        snapshot,
        (it) =>
          (it.faults = [
            { ...killFault(), id: 'f-18', state: 'failed', reason: 'no such process' },
          ]),
      ),
    );
    expect(desk.actions.pending(2)).toBeNull();
    expect(desk.actions.error(2)).toBe('Kill failed: no such process.');
  });

  test('no effect for 20 s gives the buttons back and says so', async () => {
    const { desk, clock } = await kill(accepted());
    clock.now += 19_999;
    desk.tick();
    expect(desk.actions.pending(2)).not.toBeNull();
    clock.now += 1;
    desk.tick();
    expect(desk.actions.pending(2)).toBeNull();
    expect(desk.actions.error(2)).toBe('Kill was accepted, but no effect was seen for 20 s.');
  });

  test('a second press while the first is under way does nothing', async () => {
    const { desk, calls, snapshot } = await kill(accepted());
    const before = calls.length;
    await desk.actions.run('pause', node(snapshot, 2), snapshot, 60);
    expect(calls).toHaveLength(before);
  });

  test('start undoes the open fault, and starts a node that has none by name', async () => {
    const { fetcher, calls } = fakeFetch(capabilities(), json(202, killFault()), json(202, {}));
    const snapshot = fixtureSnapshot();
    const { desk } = deskWith(snapshot, fetcher);
    await desk.actions.run('start', node(snapshot, 2), snapshot, 60);
    expect(calls.at(-1)).toMatchObject({ method: 'DELETE', url: '/api/chaos/v1/faults/f-17' });
    desk.listener.snapshot(later(healthySnapshot()));
    expect(desk.actions.pending(2)).toBeNull();
    const orphan = snapshotWith((it) => (it.faults = []));
    await desk.actions.run('start', node(orphan, 2), orphan, 60);
    expect(calls.at(-1)).toMatchObject({
      method: 'POST',
      url: '/api/chaos/node/start?name=crdb-2',
    });
  });

  test('healing lasts until the stream shows no open fault; a refusal is told', async () => {
    const { fetcher } = fakeFetch(capabilities(), json(202, { faults: [] }), json(503, null));
    const { desk } = deskWith(fixtureSnapshot(), fetcher);
    await desk.actions.healAll();
    expect(desk.actions.healing).toBe(true);
    desk.listener.snapshot(later(fixtureSnapshot(), (it) => (it.faults[0]!.state = 'reverted')));
    expect(desk.actions.healing).toBe(false);
    await desk.actions.healAll();
    expect([desk.actions.healing, desk.actions.healError]).toEqual([
      false,
      'Healing failed: chaosd does not answer (503).',
    ]);
  });

  test('capabilities are asked for when chaosd answers, and again when it is back', async () => {
    const { fetcher, calls } = fakeFetch(capabilities(30), capabilities(600));
    const { desk } = deskWith(fixtureSnapshot(), fetcher);
    await vi.waitFor(() => expect(desk.actions.capabilities?.max_duration_s).toBe(30));
    const away = later(
      fixtureSnapshot(),
      (it) => (it.sources.find((source) => source.name === 'containers')!.ok = false),
    );
    desk.listener.snapshot(away);
    desk.listener.snapshot(
      later(away, (it) => (it.sources.find((source) => source.name === 'containers')!.ok = true)),
    );
    await vi.waitFor(() => expect(desk.actions.capabilities?.max_duration_s).toBe(600));
    expect(calls).toHaveLength(2);
  });
});

describe('Announcer', () => {
  const event = (id: number, sentence: string): Event => ({
    ...frameOf('event').event,
    id,
    at_ms: fixtureSnapshot().timestamp,
    sentence,
  });

  test('changes are summarised, at most one message in four seconds', () => {
    vi.useFakeTimers();
    const { desk } = deskWith(healthySnapshot());
    desk.listener.event(event(1, 'n2 container exited'), 'b');
    expect(desk.announcer.polite).toBe('n2 container exited');
    for (let id = 2; id <= 6; ++id) desk.listener.event(event(id, `change ${id}`), 'b');
    expect(desk.announcer.polite).toBe('n2 container exited');
    vi.advanceTimersByTime(4_000);
    expect(desk.announcer.polite).toBe('change 4. change 5. change 6. And 2 more changes');
  });

  test('only the loss of availability interrupts; its return is polite', () => {
    const { desk } = deskWith(healthySnapshot());
    expect([desk.announcer.alert, desk.announcer.polite]).toEqual(['', '']);
    const lost = later(healthySnapshot(), (it) =>
      Object.assign(it.verdict, { state: 'unavailable', sentence: '14 ranges without quorum' }),
    );
    desk.listener.snapshot(lost);
    expect([desk.announcer.alert, desk.announcer.polite]).toEqual(['14 ranges without quorum', '']);
    desk.listener.snapshot(
      later(lost, (it) => Object.assign(it.verdict, { state: 'available', sentence: 'Available' })),
    );
    expect([desk.announcer.alert, desk.announcer.polite]).toEqual(['', 'Available']);
  });

  test('what happened before the page was opened is not announced', () => {
    const { desk } = deskWith(healthySnapshot());
    desk.listener.event({ ...event(1, 'old'), at_ms: fixtureSnapshot().timestamp - 60_000 }, 'b');
    expect(desk.announcer.polite).toBe('');
    expect(desk.events.shown).toHaveLength(1);
  });

  test('losing the connection and having it again are announced, the first connection is not', () => {
    vi.useFakeTimers();
    const { desk, clock } = deskWith(healthySnapshot());
    expect(desk.announcer.polite).toBe('');
    desk.listener.status({ phase: 'reconnecting', retryAt: clock.now });
    expect(desk.announcer.polite).toBe('Connection to the exporter lost');
    desk.listener.status({ phase: 'connecting' });
    desk.listener.status({ phase: 'live' });
    vi.advanceTimersByTime(4_000);
    expect(desk.announcer.polite).toBe('Connected to the exporter again');
  });
});

describe('Preferences', () => {
  test('the choice of colours goes round and is remembered', () => {
    const first = new Preferences();
    expect(first.theme).toBe('auto');
    first.nextTheme();
    first.nextTheme();
    expect(new Preferences().theme).toBe('dark');
    first.nextTheme();
    expect(new Preferences().theme).toBe('auto');
  });

  test('a browser that forbids storage still gets a page', () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('forbidden', 'SecurityError');
    });
    const preferences = new Preferences();
    preferences.toggleTimeStyle();
    expect(preferences.timeStyle).toBe('ago');
  });
});
