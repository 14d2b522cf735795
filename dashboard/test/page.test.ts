import { render, screen, within } from '@testing-library/svelte';
import axe from 'axe-core';
import { tick } from 'svelte';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import App from '../src/App.svelte';
import type { Snapshot } from '../src/stream/types';
import {
  capabilities,
  deskWith,
  fakeFetch,
  fixtureSnapshot,
  frameOf,
  healthySnapshot,
  idleFeed,
  json,
  killFault,
  later,
  node,
  snapshotWith,
} from './fixtures';

function open(snapshot: Snapshot | null, fetcher?: typeof fetch) {
  const { desk, clock } = deskWith(snapshot, fetcher);
  const retryNow = vi.fn();
  const { container } = render(App, { desk, feed: { ...idleFeed, retryNow } });
  return { desk, clock, container, retryNow };
}

const card = (id: number) => within(screen.getByRole('article', { name: `n${id}` }));
const button = (name: string) => screen.getByRole('button', { name });
const cause = (element: HTMLElement) =>
  document.getElementById(element.getAttribute('aria-describedby') ?? '')?.textContent;

beforeEach(() => {
  document.head.innerHTML = '<link id="favicon" rel="icon" href="/unknown.svg" />';
});

describe('the header', () => {
  test('says the verdict in words and sets title and favicon', async () => {
    open(fixtureSnapshot());
    expect(screen.getByRole('heading', { level: 1 }).textContent).toBe(
      'Available, but one more node lost would take quorum from 65 ranges',
    );
    await tick();
    expect(document.title).toBe('▲ Degraded · Faultline');
    expect(document.getElementById('favicon')?.getAttribute('href')).toBe('/warn.svg');
  });

  test('lists the active faults with their countdown and heals them all', async () => {
    const { fetcher, calls } = fakeFetch(capabilities(), json(202, { faults: [] }));
    open(fixtureSnapshot(), fetcher);
    const faults = within(screen.getByRole('region', { name: 'Active faults' }));
    expect(faults.getByRole('timer').textContent).toBe('back in 0:51');
    faults.getByRole('button', { name: 'Heal everything' }).click();
    await vi.waitFor(() => expect(calls.at(-1)?.url).toBe('/api/chaos/v1/heal'));
    expect(faults.getByRole('button', { name: 'Healing…' })).toBeTruthy();
  });

  test('says that the connection is gone, when it tries again, and how old the data is', async () => {
    const { desk, clock, retryNow } = open(fixtureSnapshot());
    desk.listener.status({ phase: 'reconnecting', retryAt: clock.now + 3_000 });
    clock.now += 1_200;
    desk.tick();
    await tick();
    expect(screen.getByTestId('connection').textContent).toContain('Reconnecting in 2 s');
    expect(screen.getByTestId('data-age').textContent).toBe('data 1 s old');
    expect(screen.getByRole('heading', { level: 1 }).textContent).toMatch(/^Last known: Available/);
    expect(document.title).toBe('○ Stale · Faultline');
    expect(screen.getByTestId('total-without-quorum').textContent?.trim()).toBe('–');
    button('Retry now').click();
    expect(retryNow).toHaveBeenCalledOnce();
  });
});

describe('notices', () => {
  test('a simulated cluster says what it is', () => {
    open(snapshotWith((it) => (it.cluster.simulated = true)));
    expect(screen.getByTestId('simulated').textContent).toMatch(/not\s+CockroachDB/);
  });

  test('a real one has no banner', () => {
    open(fixtureSnapshot());
    expect(screen.queryByTestId('simulated')).toBeNull();
    expect(screen.queryByTestId('read-only')).toBeNull();
  });

  test('without chaosd the page is read-only and each button says why', () => {
    open(
      snapshotWith(
        (it) => (it.sources = it.sources.filter((source) => source.name !== 'containers')),
      ),
    );
    expect(screen.getByTestId('read-only').textContent).toContain('without chaosd');
    expect(button('Kill n1').getAttribute('aria-disabled')).toBe('true');
    expect(cause(button('Kill n1'))).toContain('this page can look, not act');
  });
});

describe('a node card', () => {
  test('shows the five truths separately', () => {
    open(fixtureSnapshot());
    const n2 = card(2);
    expect(n2.getByTestId('word').textContent).toBe('Down');
    expect(n2.getByTestId('state-liveness').textContent?.trim()).toBe('suspect · dead in 4:57');
    expect(n2.getByTestId('state-process').textContent?.trim()).toBe('unreachable');
    expect(n2.getByTestId('state-container').textContent?.trim()).toBe('exited');
    expect(n2.getByText('Its liveness record expired 3 s ago; connection refused.')).toBeTruthy();
    expect(n2.getByText('127.0.0.1:26258')).toBeTruthy();
    expect(n2.getByText('region=eu,zone=b')).toBeTruthy();
    expect(card(1).getByTestId('reading-leaseholders').textContent?.trim()).toBe('37');
  });

  test('says what its clients experience, where the probe is on', () => {
    const probe = {
      valid: true,
      reason: '',
      select_ok: true,
      write_ok: true,
      read_ok: true,
      select_ms: 0.4,
      write_ms: 2.6,
      read_ms: 1.1,
      failing_since_ms: null,
      read_at_ms: fixtureSnapshot().timestamp - 200,
    };
    open(
      snapshotWith((it) => {
        node(it, 1).probe = probe;
        node(it, 2).probe = { ...probe, write_ok: false, read_ok: false, reason: 'write: 57014' };
        node(it, 3).probe = { ...probe, read_at_ms: null, valid: false };
      }),
    );
    expect(card(1).getByTestId('state-clients').textContent?.trim()).toBe('served · write 3 ms');
    expect(card(2).getByTestId('state-clients').textContent?.trim()).toBe(
      'failing · writes, reads',
    );
    expect(card(3).queryByTestId('state-clients')).toBeNull();
  });

  test('a zero that is vouched for is a zero; one that is not is unknown', () => {
    open(fixtureSnapshot());
    expect(card(2).getByTestId('reading-leaseholders').textContent?.trim()).toBe('0');
    expect(card(2).getByTestId('reading-unavailable').textContent).toContain('unknown');
    expect(card(2).getByTestId('reading-unavailable').textContent).not.toContain('0');
    expect(card(1).getByTestId('reading-unavailable').textContent?.trim()).toBe('0');
  });

  test('a number that is no longer current is marked old and shows its age', () => {
    open(snapshotWith((it) => (node(it, 2).replication.ranges_underreplicated = 4)));
    const reading = card(2).getByTestId('reading-under-repl');
    expect(reading.dataset['old']).toBe('true');
    expect(reading.textContent).toContain('4');
    expect(reading.textContent).toContain('9 s ago');
  });

  test('what was never read is a dash that is read as unknown', () => {
    open(snapshotWith((it) => Object.assign(node(it, 1), { ranges: null, leader_ranges: null })));
    expect(card(1).getByTestId('reading-ranges').textContent?.replace(/\s/g, '')).toBe('–unknown');
  });

  test('a source past its limit greys what came from it and says how old it is', () => {
    open(
      snapshotWith((it) => (it.sources.find((source) => source.name === 'gossip')!.stale = true)),
    );
    const row = card(1).getByTestId('state-liveness').parentElement;
    expect(row?.className).toContain('old');
    expect(row?.textContent).toContain('read just now');
  });
});

describe('the buttons', () => {
  test('kill asks chaosd with the chosen duration and stays pending until the effect is seen', async () => {
    const { fetcher, calls } = fakeFetch(capabilities(), json(202, { ...killFault(), id: 'f-9' }));
    const { desk } = open(healthySnapshot(), fetcher);
    await vi.waitFor(() => expect(desk.actions.capabilities).not.toBeNull());
    const select = screen.getByRole('combobox', {
      name: 'How long a fault on n2 lasts',
    }) as HTMLSelectElement;
    expect(select.value).toBe('60');
    select.value = '15';
    select.dispatchEvent(new Event('change', { bubbles: true }));
    button('Kill n2').click();
    await vi.waitFor(() =>
      expect(calls.at(-1)?.body).toEqual({ kind: 'kill', target: 'crdb-2', duration_s: 15 }),
    );
    await vi.waitFor(() =>
      expect(card(2).getByTestId('pending').textContent).toContain('waiting to see it happen'),
    );
    expect(button('Pause n2').getAttribute('aria-disabled')).toBe('true');
    desk.listener.snapshot(
      later(healthySnapshot(), (it) => (node(it, 2).container.state = 'exited')),
    );
    await tick();
    expect(card(2).queryByTestId('pending')).toBeNull();
  });

  test('a refusal stands at the card, in words', async () => {
    const { fetcher } = fakeFetch(
      capabilities(),
      json(422, { detail: 'duration_s must be at most 30' }),
    );
    const { desk } = open(healthySnapshot(), fetcher);
    await vi.waitFor(() => expect(desk.actions.capabilities).not.toBeNull());
    button('Pause n1').click();
    await vi.waitFor(() =>
      expect(card(1).getByTestId('error').textContent).toContain(
        'Pause failed: duration_s must be at most 30.',
      ),
    );
    card(1).getByRole('button', { name: 'Dismiss' }).click();
    await tick();
    expect(card(1).queryByTestId('error')).toBeNull();
  });

  test('losing quorum is asked first; cancel does nothing, the other button does it', async () => {
    const { fetcher, calls } = fakeFetch(capabilities(), json(202, killFault()));
    open(fixtureSnapshot(), fetcher);
    button('Kill n1').click();
    await tick();
    const dialog = within(screen.getByRole('dialog', { name: 'Kill n1?' }));
    expect(dialog.getByText(/Only 1 of 3 nodes would be left/)).toBeTruthy();
    dialog.getByRole('button', { name: 'Cancel' }).click();
    await tick();
    expect(screen.queryByRole('dialog')).toBeNull();
    expect(calls.filter((call) => call.method === 'POST')).toEqual([]);
    button('Kill n1').click();
    await tick();
    within(screen.getByRole('dialog')).getByRole('button', { name: 'Kill n1' }).click();
    await vi.waitFor(() =>
      expect(calls.at(-1)).toMatchObject({
        method: 'POST',
        body: { kind: 'kill', target: 'crdb-1', duration_s: 60 },
      }),
    );
  });

  test('what chaosd wants accepted is asked in its words, and sent with the hash', async () => {
    const plan = { plan_hash: 'aa', guard: { reasons: ['14 ranges would lose quorum'] } };
    const { fetcher, calls } = fakeFetch(
      capabilities(),
      json(409, { code: 'plan_not_accepted', plan }),
      json(202, killFault()),
    );
    open(healthySnapshot(), fetcher);
    button('Kill n1').click();
    await vi.waitFor(() => expect(screen.getByRole('dialog', { name: 'Kill n1?' })).toBeTruthy());
    const dialog = within(screen.getByRole('dialog'));
    expect(dialog.getByText(/14 ranges would lose quorum/)).toBeTruthy();
    dialog.getByRole('button', { name: 'Kill n1' }).click();
    await vi.waitFor(() => expect(calls.at(-1)!.body).toMatchObject({ accept_plan: 'aa' }));
    await tick();
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  test('a button that cannot be used says why, keeps the focus and does nothing', async () => {
    const { fetcher, calls } = fakeFetch(capabilities());
    open(fixtureSnapshot(), fetcher);
    const kill = button('Kill n2');
    expect([kill.getAttribute('aria-disabled'), kill.title, cause(kill)]).toEqual([
      'true',
      'A kill is open on n2: start it first.',
      'A kill is open on n2: start it first.',
    ]);
    kill.focus();
    kill.click();
    await tick();
    expect(document.activeElement).toBe(kill);
    expect(calls.map((call) => call.method)).toEqual(['GET']);
  });
});

describe('totals, opinions and events', () => {
  test('totals show unknown as a dash', () => {
    open(snapshotWith((it) => Object.assign(it, { ranges_unavailable: null, ranges_total: null })));
    expect(screen.getByTestId('total-without-quorum').textContent).toContain('–');
    expect(screen.getByTestId('total-ranges').textContent).toContain('–');
    expect(screen.getByTestId('total-nodes-up').textContent).toContain('2 of 3');
    expect(screen.getByTestId('total-can-lose').textContent).toContain('0 more nodes');
  });

  test('opinions stand side by side with their validity, and open when they disagree', () => {
    open(snapshotWith((it) => (it.verdict.computed.ranges_unavailable = 14)));
    const panel = screen.getByText('Three opinions on quorum').closest('details');
    expect(panel?.open).toBe(true);
    expect(panel?.textContent).toContain('they disagree');
    expect(panel?.textContent).toContain('not valid: the probe is off');
  });

  test('an event shows its time, node and cause; pausing holds the list', async () => {
    const { desk } = open(fixtureSnapshot());
    desk.listener.event(frameOf('event').event, 'b');
    await tick();
    const list = screen.getByRole('region', { name: 'Events, newest first' });
    expect(list.textContent).toContain('n2 container running');
    expect(list.textContent).toContain('by kill');
    button('Pause list').click();
    desk.listener.event({ ...frameOf('event').event, id: 92, sentence: 'n3 paused' }, 'b');
    await tick();
    expect(list.textContent).not.toContain('n3 paused');
    button('Resume (1 new)').click();
    await tick();
    expect(list.textContent).toContain('n3 paused');
    button('Relative time').click();
    await tick();
    expect(list.querySelector('time')?.textContent).toBe('just now');
  });
});

describe('without data', () => {
  test('a page that never reached the exporter says so and offers to retry', async () => {
    const { desk, clock } = open(null);
    desk.listener.status({ phase: 'reconnecting', retryAt: clock.now + 500 });
    await tick();
    expect(screen.getByTestId('empty').textContent).toContain('The exporter cannot be reached');
    expect(screen.getAllByRole('button', { name: 'Retry now' }).length).toBeGreaterThan(0);
  });
});

describe('accessibility', () => {
  // Layout does not exist here, so contrast and target sizes are checked in a real browser (tests/e2e).
  const rules = { 'color-contrast': { enabled: false }, 'target-size': { enabled: false } };
  test.each([
    ['healthy', () => healthySnapshot()],
    ['one killed', () => fixtureSnapshot()],
    ['nothing known', () => null],
  ])('axe finds nothing: %s', async (_name, snapshot) => {
    const { container } = open(snapshot());
    const { violations } = await axe.run(container, { rules });
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });
});
