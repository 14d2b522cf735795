import type { Event } from '../stream/types';

export const kEventsMax = 200;

export interface LoggedEvent extends Event {
  /** Unique over restarts of the exporter, which count again from 1. */
  key: string;
}

/** The events, newest first. Pausing holds what is shown; what comes meanwhile is kept and counted. */
export class EventLog {
  #events = $state.raw<LoggedEvent[]>([]);
  #held = $state.raw<LoggedEvent[] | null>(null);

  readonly shown: LoggedEvent[] = $derived(this.#held ?? this.#events);
  readonly paused: boolean = $derived(this.#held !== null);
  readonly waiting: number = $derived.by(() => {
    const newest = this.#held?.[0]?.key;
    if (this.#held === null) return 0;
    const position = this.#events.findIndex((event) => event.key === newest);
    return position < 0 ? this.#events.length : position;
  });

  /** False when the event was known: after a reconnect the exporter tells the latest ones again. */
  add(event: Event, boot: string): boolean {
    const key = `${boot}-${event.id}`;
    if (this.#events.some((known) => known.key === key)) return false;
    const later = this.#events.findIndex((known) => known.at_ms <= event.at_ms);
    const position = later < 0 ? this.#events.length : later;
    this.#events = this.#events.toSpliced(position, 0, { ...event, key }).slice(0, kEventsMax);
    return true;
  }

  pause(): void {
    this.#held ??= this.#events;
  }

  resume(): void {
    this.#held = null;
  }
}
