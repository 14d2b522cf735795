import type { FeedStatus } from '../stream/feed';
import type { Snapshot } from '../stream/types';
import type { Tone } from './words';

export interface EmptyWords {
  tone: Tone;
  title: string;
  sentence: string;
  errors: string[];
}

/** What to say where the node cards would be. */
export function emptyWords(
  phase: FeedStatus['phase'],
  everConnected: boolean,
  snapshot: Snapshot | null,
): EmptyWords {
  if (snapshot) return withoutNodes(snapshot);
  if (phase === 'live') {
    return {
      tone: 'info',
      title: 'Waiting for the first reading',
      sentence: 'The exporter is there and has not read the cluster yet.',
      errors: [],
    };
  }
  if (phase === 'connecting' && !everConnected) {
    return {
      tone: 'info',
      title: 'Connecting',
      sentence: 'Asking the exporter for the state of the cluster.',
      errors: [],
    };
  }
  return {
    tone: 'bad',
    title: 'The exporter cannot be reached',
    sentence:
      'This page shows what faultline-exporter streams to it. Check that it runs and that the web server passes /ws to it; the page connects as soon as it answers.',
    errors: [],
  };
}

function withoutNodes(snapshot: Snapshot): EmptyWords {
  const errors = [
    ...new Set(snapshot.sources.map((source) => source.error).filter((error) => error !== '')),
  ];
  const told = [snapshot.verdict.sentence, ...errors].join(' ');
  if (/initiali[sz]/i.test(told)) {
    return {
      tone: 'warn',
      title: 'The cluster is not initialised',
      sentence:
        'The nodes are running and wait to be told that they form a new cluster. Run `cockroach init` once against any of them.',
      errors,
    };
  }
  if (snapshot.verdict.state === 'unreachable' || errors.length > 0) {
    return {
      tone: 'bad',
      title: 'The cluster cannot be reached',
      sentence:
        'The exporter runs, but no CockroachDB node answers it. It keeps trying; nothing has to be restarted here.',
      errors,
    };
  }
  return {
    tone: 'info',
    title: 'No node known yet',
    sentence: 'The exporter has not learnt of any node. The cards appear as soon as it has.',
    errors,
  };
}
