import type { FeedStatus } from '../stream/feed';
import type { Node, Snapshot, Source } from '../stream/types';
import { isOpen, kVerdictTone, type Tone } from '../view/words';

/** A connection lost for less than this does not yet look stale: a restart of the exporter is quicker. */
const kStaleAfterMs = 1_000;
/** The exporter publishes far more often; a picture this old is no longer the cluster. */
export const kDataAgeMsMax = 15_000;
/** Two readings of the server's clock that differ by more: one of the clocks was set. */
const kClockStepMs = 2_000;

/**
 * All that the page knows about the cluster. Changed only by its methods; `tick` moves time, so that
 * ages grow without news.
 */
export class ClusterState {
  // Raw: a snapshot is replaced whole, never edited, so proxying it buys nothing.
  #snapshot = $state.raw<Snapshot | null>(null);
  #status = $state.raw<FeedStatus>({ phase: 'connecting' });
  #problem = $state.raw<string | null>(null);
  #lostAt = $state.raw<number | null>(null);
  #now = $state.raw(0);
  #serverOffsetMs = $state.raw(0);
  #everConnected = $state.raw(false);
  #clockKnown = false;

  constructor(now: number = Date.now()) {
    this.#now = now;
  }

  readonly nodes: Node[] = $derived(this.#snapshot?.nodes ?? []);
  readonly openFaults = $derived((this.#snapshot?.faults ?? []).filter(isOpen));
  /** Now, by the exporter's clock: ages and countdowns do not suffer from a browser's wrong clock. */
  readonly serverNow: number = $derived(this.#now + this.#serverOffsetMs);
  /** The same in whole seconds: what shows ages is rendered once a second, not with every frame. */
  readonly second: number = $derived(Math.floor(this.serverNow / 1_000) * 1_000);
  readonly dataAgeMs: number | null = $derived(
    this.#snapshot ? Math.max(0, this.serverNow - this.#snapshot.timestamp) : null,
  );
  readonly live: boolean = $derived(this.#status.phase === 'live');
  /** What is shown may no longer be so. */
  readonly stale: boolean = $derived.by(() => {
    if (this.#status.phase === 'stale' || (this.dataAgeMs ?? 0) > kDataAgeMsMax) return true;
    return this.#lostAt !== null && this.#now - this.#lostAt > kStaleAfterMs;
  });
  /** Of the whole page: title, favicon, headline. Old news is no news. */
  readonly tone: Tone = $derived(
    !this.#snapshot || this.stale ? 'unknown' : kVerdictTone[this.#snapshot.verdict.state],
  );

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }
  get status(): FeedStatus {
    return this.#status;
  }
  get problem(): string | null {
    return this.#problem;
  }
  get now(): number {
    return this.#now;
  }
  /** Whether the exporter ever said hello to this page. */
  get everConnected(): boolean {
    return this.#everConnected;
  }

  source(name: Source['name']): Source | null {
    return this.#snapshot?.sources.find((source) => source.name === name) ?? null;
  }

  /** What came from this source is young enough to be told as present. */
  trusts(name: Source['name']): boolean {
    const source = this.source(name);
    return !this.stale && source !== null && !source.stale;
  }

  /**
   * Replicas and leases of a node are its own gauges or, when it is silent, what gossip says of it;
   * with neither they are only remembered.
   */
  countsAreCurrent(node: Node): boolean {
    if (this.stale) return false;
    return node.replication.valid || (this.trusts('gossip') && node.liveness.read_at_ms !== null);
  }

  /** Age of something read at `readAtMs`; null when it was never read. */
  age(readAtMs: number | null): number | null {
    return readAtMs === null ? null : Math.max(0, this.second - readAtMs);
  }

  apply(next: Snapshot): void {
    if (!this.#isNews(next)) return;
    this.#snapshot = next;
    this.#problem = null;
  }

  setStatus(next: FeedStatus, now: number): void {
    this.#now = now;
    this.#status = next;
    if (next.phase === 'live') {
      this.#lostAt = null;
      this.#everConnected = true;
      this.#clockKnown = false;
    } else if (next.phase !== 'connecting' && this.#everConnected) {
      this.#lostAt ??= now;
    }
  }

  setServerTime(serverMs: number, now: number): void {
    const offset = serverMs - now;
    const step = Math.abs(offset - this.#serverOffsetMs) > kClockStepMs;
    // A frame that was delayed makes the server's clock look late: the largest offset is the truest.
    if (!this.#clockKnown || step || offset > this.#serverOffsetMs) this.#serverOffsetMs = offset;
    this.#clockKnown = true;
    this.#now = now;
  }

  report(problem: string): void {
    this.#problem = problem;
  }

  tick(now: number): void {
    this.#now = now;
  }

  /** `seq` counts within one run of the exporter (`boot`); a restart starts again. */
  #isNews(next: Snapshot): boolean {
    const current = this.#snapshot;
    return !current || next.boot !== current.boot || next.seq > current.seq;
  }
}
