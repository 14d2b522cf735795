import { describe, expect, test } from 'vitest';
import {
  durationChoices,
  obstacle,
  quorumForecast,
  readOnlyReason,
  type NodeAction,
} from '../src/view/guard';
import { emptyWords } from '../src/view/empty';
import { ago, count, countdown, duration, roughly } from '../src/view/format';
import { nodeTone, nodeWord } from '../src/view/words';
import type { Snapshot } from '../src/stream/types';
import { fixtureSnapshot, healthySnapshot, node, snapshotWith } from './fixtures';

const kAll: NodeAction[] = ['stop', 'kill', 'pause', 'start'];

function blocked(snapshot: Snapshot, id: number, more: object = {}) {
  const means = { snapshot, live: true, capabilities: null, pending: null, ...more };
  return Object.fromEntries(
    kAll.map((action) => [action, obstacle(action, node(snapshot, id), means)?.sentence ?? null]),
  );
}

describe('what a button may do', () => {
  test('a running node can be stopped, killed and paused, not started', () => {
    expect(blocked(healthySnapshot(), 1)).toEqual({
      stop: null,
      kill: null,
      pause: null,
      start: 'n1 is running.',
    });
  });

  test('a killed node can only be started', () => {
    const why = 'A kill is open on n2: start it first.';
    expect(blocked(fixtureSnapshot(), 2)).toEqual({
      stop: why,
      kill: why,
      pause: why,
      start: null,
    });
  });

  test('a node that exited without a fault of ours can be started', () => {
    const snapshot = snapshotWith((it) => (it.faults = []));
    expect(blocked(snapshot, 2)).toEqual({
      stop: 'n2 is not running.',
      kill: 'n2 is not running.',
      pause: 'n2 is not running.',
      start: null,
    });
  });

  test('without chaosd, a target, a connection or while something is under way, nothing can be done', () => {
    const noChaosd = snapshotWith(
      (it) => (it.sources = it.sources.filter((source) => source.name !== 'containers')),
    );
    expect(new Set(Object.values(blocked(noChaosd, 1)))).toEqual(
      new Set(['The exporter runs without chaosd: this page can look, not act.']),
    );
    const noTarget = snapshotWith((it) => {
      it.targets = [];
    });
    expect(blocked(noTarget, 1)['kill']).toBe('chaosd knows no container or process of n1.');
    expect(blocked(healthySnapshot(), 1, { live: false })['kill']).toBe(
      'The page is not connected: what it shows may be old.',
    );
    expect(blocked(healthySnapshot(), 1, { pending: 'pause' })['kill']).toBe(
      'Pause is under way on n1.',
    );
  });

  test('chaosd that stopped answering is named with its error', () => {
    const snapshot = snapshotWith((it) => {
      for (const source of it.sources)
        if (source.name === 'containers')
          Object.assign(source, { ok: false, error: 'connection refused' });
    });
    expect(readOnlyReason(snapshot)).toBe(
      'chaosd does not answer (connection refused): this page can look, not act.',
    );
    expect(readOnlyReason(fixtureSnapshot())).toBeNull();
  });

  test('what the machine cannot do is said with its reason, and only for that action', () => {
    const capabilities = {
      runtime: 'docker',
      runtime_ok: true,
      runtime_detail: '',
      max_duration_s: 60,
      faults: [{ kind: 'pause', support: 'unsupported', reason: 'no freezer cgroup' }],
    };
    const why = blocked(healthySnapshot(), 1, { capabilities });
    expect(why['pause']).toBe('Pause is not possible here: no freezer cgroup');
    expect(why['kill']).toBeNull();
  });

  test('durations stay within the maximum of chaosd', () => {
    const faults = { runtime: '', runtime_ok: true, runtime_detail: '', faults: [] };
    expect(durationChoices(null)).toEqual([15, 30, 60, 300]);
    expect(durationChoices({ ...faults, max_duration_s: 60 })).toEqual([15, 30, 60]);
    expect(durationChoices({ ...faults, max_duration_s: 5 })).toEqual([5]);
  });
});

describe('the question before quorum is lost', () => {
  test('is not asked while a majority stays and the cluster can lose a node', () => {
    const snapshot = healthySnapshot();
    expect(quorumForecast('kill', node(snapshot, 1), snapshot, 60)).toBeNull();
  });

  test('is asked when fewer than a majority would be left', () => {
    const snapshot = fixtureSnapshot();
    const forecast = quorumForecast('kill', node(snapshot, 1), snapshot, 300);
    expect(forecast?.title).toBe('Kill n1?');
    expect(forecast?.sentence).toBe(
      'Only 1 of 3 nodes would be left, fewer than the majority of 2. The cluster becomes unavailable: reads and writes hang until enough nodes are back. chaosd brings n1 back after 5 min, or as soon as you press Start.',
    );
  });

  test('is asked when a majority would stay but the exporter says that no more may be lost', () => {
    const snapshot = healthySnapshot();
    snapshot.cluster = { ...snapshot.cluster, nodes_expected: 5, nodes_up: 4 };
    snapshot.verdict.can_lose_nodes = 0;
    expect(quorumForecast('pause', node(snapshot, 1), snapshot, 15)?.sentence).toContain(
      '3 of 5 nodes would be left, but the cluster cannot lose one more',
    );
  });

  test('is not asked for a node that is gone already, nor for a start', () => {
    const snapshot = fixtureSnapshot();
    expect(quorumForecast('kill', node(snapshot, 2), snapshot, 60)).toBeNull();
    expect(quorumForecast('start', node(snapshot, 1), snapshot, 60)).toBeNull();
  });
});

describe('words', () => {
  test('the worst news names the node', () => {
    const snapshot = healthySnapshot();
    const n1 = node(snapshot, 1);
    expect([nodeWord(n1), nodeTone(n1)]).toEqual(['Live', 'ok']);
    expect(nodeWord({ ...n1, liveness: { ...n1.liveness, state: 'suspect' } })).toBe('Suspect');
    expect(nodeWord({ ...n1, process: { ...n1.process, state: 'unreachable' } })).toBe(
      'Unreachable',
    );
    expect(nodeTone({ ...n1, liveness: { ...n1.liveness, state: 'unknown' } })).toBe('unknown');
    const n2 = node(fixtureSnapshot(), 2);
    expect([nodeWord(n2), nodeTone(n2)]).toEqual(['Down', 'bad']);
  });

  test('a node that no target matches is not unknown for that', () => {
    const n1 = node(healthySnapshot(), 1);
    expect(
      nodeTone({
        ...n1,
        container: { state: 'unknown', name: null, since_ms: null, read_at_ms: null },
      }),
    ).toBe('ok');
  });

  test('unknown is a dash, never zero', () => {
    expect([count(null), count(0), count(12345)]).toEqual(['–', '0', '12,345']);
  });

  test('durations have two units at most, countdowns reach zero only when the time is over', () => {
    expect([
      duration(900),
      duration(59_999),
      duration(125_000),
      duration(3_840_000),
      duration(93_600_000),
      duration(-5),
    ]).toEqual(['0 s', '59 s', '2 min 5 s', '1 h 4 min', '1 d 2 h', '0 s']);
    expect([countdown(60_000), countdown(1), countdown(0), countdown(-9)]).toEqual([
      '1:00',
      '0:01',
      '0:00',
      '0:00',
    ]);
    expect([roughly(3_840_000), roughly(59_000)]).toEqual(['1 h', '59 s']);
    expect([ago(999), ago(3_200)]).toEqual(['just now', '3 s ago']);
  });
});

describe('what stands where the cards would be', () => {
  const without = (change: (snapshot: Snapshot) => void) =>
    snapshotWith((it) => {
      it.nodes = [];
      for (const source of it.sources) source.error = '';
      change(it);
    });

  test.each([
    ['connecting', false, null, 'Connecting'],
    ['reconnecting', false, null, 'The exporter cannot be reached'],
    ['connecting', true, null, 'The exporter cannot be reached'],
    ['live', true, null, 'Waiting for the first reading'],
  ] as const)('%s, connected before: %s', (phase, ever, snapshot, title) => {
    expect(emptyWords(phase, ever, snapshot).title).toBe(title);
  });

  test('a cluster that waits for init, one that is away and one without nodes read differently', () => {
    const waiting = without(
      (it) => (it.sources[2]!.error = 'node is waiting for cluster initialization'),
    );
    expect(emptyWords('live', true, waiting).title).toBe('The cluster is not initialised');
    const away = without((it) => (it.sources[0]!.error = 'connection refused'));
    expect(emptyWords('live', true, away)).toMatchObject({
      title: 'The cluster cannot be reached',
      errors: ['connection refused'],
    });
    expect(
      emptyWords(
        'live',
        true,
        without(() => {}),
      ).title,
    ).toBe('No node known yet');
  });
});
