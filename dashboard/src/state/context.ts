import { createContext } from 'svelte';
import type { ChaosApi } from '../chaos/chaos_api';
import type { FeedListener } from '../stream/feed';
import { Announcer } from './announcer.svelte';
import { ClusterState } from './cluster_state.svelte';
import { EventLog } from './event_log.svelte';
import { NodeActions } from './node_actions.svelte';
import { Preferences } from './preferences.svelte';

const kNewsMs = 10_000;

/** Everything that components share. Built once, in main.ts or in a test. */
export class Desk {
  readonly cluster: ClusterState;
  readonly events = new EventLog();
  readonly announcer = new Announcer();
  readonly preferences = new Preferences();
  readonly actions: NodeActions;
  readonly #now: () => number;

  constructor(api: ChaosApi, now: () => number = Date.now) {
    this.#now = now;
    this.cluster = new ClusterState(now());
    this.actions = new NodeActions(api, now, (sentence) => this.announcer.say(sentence));
  }

  /** Where the feed delivers. */
  readonly listener: FeedListener = {
    status: (status) => {
      this.cluster.setStatus(status, this.#now());
      this.announcer.connection(status.phase);
    },
    snapshot: (snapshot) => {
      this.cluster.apply(snapshot);
      this.actions.observe(snapshot);
      this.announcer.observe(snapshot);
    },
    event: (event, boot) => {
      // What happened before the page was opened is history: listed, not announced.
      const fresh = this.cluster.serverNow - event.at_ms < kNewsMs;
      if (this.events.add(event, boot) && fresh) this.announcer.event(event);
    },
    serverTime: (atMs) => this.cluster.setServerTime(atMs, this.#now()),
    problem: (sentence) => this.cluster.report(sentence),
  };

  tick(): void {
    this.cluster.tick(this.#now());
    this.actions.tick();
  }
}

export const [useDesk, setDesk] = createContext<Desk>();
