import { decodeFrame } from './decode';
import { applyDelta } from './merge';
import type { DeltaFrame, Event, Frame, Snapshot } from './types';

/** The part of WebSocket that the feed uses; tests give it a fake. */
export interface SocketLike {
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
  send(data: string): void;
  close(): void;
}

export type FeedStatus =
  | { phase: 'connecting' }
  | { phase: 'live' }
  /** The connection ended. */
  | { phase: 'reconnecting'; retryAt: number }
  /** The connection was open and silent for two heartbeats. */
  | { phase: 'stale'; retryAt: number };

export interface FeedListener {
  status(status: FeedStatus): void;
  snapshot(snapshot: Snapshot): void;
  event(event: Event, boot: string): void;
  /** The exporter's clock, as of the frame that just arrived. */
  serverTime(atMs: number): void;
  /** Something was received that could not be used. */
  problem(sentence: string): void;
}

export interface FeedOptions {
  dial: () => SocketLike;
  listener: FeedListener;
  now?: () => number;
  /** In [0, 1): spreads the retries of many pages. */
  random?: () => number;
}

export const kProtocol = 'faultline.v1';
const kRetryMsMin = 500;
const kRetryMsMax = 10_000;
/** Until hello names the real one. */
const kHeartbeatMsDefault = 5_000;

/**
 * Keeps one stream open for as long as it is started: dials, decodes, applies deltas, notices
 * silence, and dials again. Knows nothing of the page.
 */
export class ClusterFeed {
  readonly #dial: () => SocketLike;
  readonly #listener: FeedListener;
  readonly #now: () => number;
  readonly #random: () => number;

  #socket: SocketLike | null = null;
  #snapshot: Snapshot | null = null;
  #heartbeatMs = kHeartbeatMsDefault;
  #failures = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;
  #resyncTimer: ReturnType<typeof setTimeout> | undefined;

  constructor({ dial, listener, now = Date.now, random = Math.random }: FeedOptions) {
    this.#dial = dial;
    this.#listener = listener;
    this.#now = now;
    this.#random = random;
  }

  start(): void {
    if (!this.#socket && this.#retryTimer === undefined) this.#connect();
  }

  stop(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    this.#hangUp();
  }

  /** Does not wait for the retry that is due; for a button, or when the network is back. */
  retryNow(): void {
    if (this.#retryTimer === undefined) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  #connect(): void {
    this.#retryTimer = undefined;
    this.#snapshot = null;
    this.#listener.status({ phase: 'connecting' });
    const socket = this.#dial();
    this.#socket = socket;
    socket.onmessage = (message: { data: unknown }) => this.#receive(message.data);
    socket.onclose = () => this.#lost('reconnecting');
    // Also covers a peer that accepts the connection and never says hello.
    this.#expectSound();
  }

  #receive(data: unknown): void {
    this.#expectSound();
    const decoded = decodeFrame(data);
    if (decoded.kind === 'unknown') return;
    if (decoded.kind === 'refused') return this.#refuse(decoded.reason);
    this.#take(decoded.frame);
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case 'hello':
        this.#heartbeatMs = frame.heartbeat_ms;
        this.#expectSound();
        this.#listener.status({ phase: 'live' });
        return;
      case 'snapshot':
        return this.#publish(frame.snapshot);
      case 'delta':
        return this.#patch(frame);
      case 'event':
        return this.#listener.event(frame.event, frame.boot);
      case 'heartbeat':
        return this.#listener.serverTime(frame.at_ms);
    }
  }

  #patch(delta: DeltaFrame): void {
    const base = this.#snapshot;
    // While a resync is under way the deltas continue from a snapshot that is not here yet.
    if (this.#resyncTimer !== undefined) return;
    if (!base || delta.boot !== base.boot || delta.base_seq !== base.seq) return this.#resync();
    const merged = applyDelta(base, delta);
    if ('refused' in merged) return this.#refuse(merged.refused);
    this.#publish(merged.snapshot);
  }

  #publish(snapshot: Snapshot): void {
    clearTimeout(this.#resyncTimer);
    this.#resyncTimer = undefined;
    this.#failures = 0;
    this.#snapshot = snapshot;
    this.#listener.serverTime(snapshot.timestamp);
    this.#listener.snapshot(snapshot);
  }

  /** One whole snapshot may cure it; if that is refused as well, only a new connection can. */
  #refuse(reason: string): void {
    this.#listener.problem(reason);
    if (this.#resyncTimer === undefined) this.#resync();
    else this.#lost('reconnecting');
  }

  #resync(): void {
    this.#resyncTimer = setTimeout(() => this.#lost('stale'), 2 * this.#heartbeatMs);
    this.#socket?.send(JSON.stringify({ type: 'resync' }));
  }

  #expectSound(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#lost('stale'), 2 * this.#heartbeatMs);
  }

  #lost(phase: 'reconnecting' | 'stale'): void {
    this.#hangUp();
    const longest = Math.min(kRetryMsMax, kRetryMsMin * 2 ** this.#failures);
    const wait = Math.round(longest * (0.7 + 0.3 * this.#random()));
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => this.#connect(), wait);
    this.#listener.status({ phase, retryAt: this.#now() + wait });
  }

  #hangUp(): void {
    clearTimeout(this.#silenceTimer);
    clearTimeout(this.#resyncTimer);
    this.#resyncTimer = undefined;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    // A peer that is gone without a word answers the closing handshake late: do not wait for it.
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }
}
