import type { FeedStatus } from '../stream/feed';
import type { Event, Snapshot } from '../stream/types';

const kQuietMs = 4_000;
const kSentencesMax = 3;

/**
 * What a screen reader is told: changes only, summarised, at most one message each few seconds.
 * Only the loss of availability interrupts.
 */
export class Announcer {
  #polite = $state.raw('');
  #alert = $state.raw('');
  #waiting: string[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #verdict: Snapshot['verdict']['state'] | null = null;
  #wasLive = false;
  #everLive = false;

  get polite(): string {
    return this.#polite;
  }
  get alert(): string {
    return this.#alert;
  }

  observe(snapshot: Snapshot): void {
    const { state, sentence } = snapshot.verdict;
    const before = this.#verdict;
    if (state === before) return;
    this.#verdict = state;
    const lost = state === 'unavailable' || state === 'unreachable';
    this.#alert = lost ? sentence : '';
    // The first picture is the page itself; it is read, not announced.
    if (!lost && before !== null) this.say(sentence);
  }

  connection(phase: FeedStatus['phase']): void {
    if (phase === 'connecting') return;
    const live = phase === 'live';
    if (live && this.#everLive && !this.#wasLive) this.say('Connected to the exporter again');
    if (!live && this.#wasLive) this.say('Connection to the exporter lost');
    this.#wasLive = live;
    this.#everLive ||= live;
  }

  event(event: Event): void {
    const change =
      event.kind === 'container_state' || event.kind === 'liveness_state' || event.kind === 'fault';
    if (change) this.say(event.sentence);
  }

  say(sentence: string): void {
    if (!this.#waiting.includes(sentence)) this.#waiting.push(sentence);
    if (this.#timer === undefined) this.#flush();
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const more = this.#waiting.length - kSentencesMax;
    const said = this.#waiting.slice(-kSentencesMax).join('. ');
    this.#polite = more > 0 ? `${said}. And ${more} more changes` : said;
    this.#waiting = [];
    this.#timer = setTimeout(() => this.#flush(), kQuietMs);
  }
}
