import type { Capabilities } from '../chaos/chaos_api';
import type { Fault, Node, Snapshot, Target } from '../stream/types';
import { isOpen, kFaultWord } from './words';
import { plural } from './format';

export type NodeAction = 'stop' | 'kill' | 'pause' | 'start';

export const kActionWord: Record<NodeAction, string> = {
  stop: 'Stop',
  kill: 'Kill',
  pause: 'Pause',
  start: 'Start',
};

/** Why a button cannot be used now. `obvious` when the card shows as much anyway. */
export interface Obstacle {
  sentence: string;
  obvious: boolean;
}

export interface Means {
  snapshot: Snapshot;
  /** What the page shows is current: the stream is open. */
  live: boolean;
  capabilities: Capabilities | null;
  pending: NodeAction | null;
}

export function targetOf(node: Node, snapshot: Snapshot): Target | null {
  return (
    snapshot.targets.find((target) => target.node_id === node.node_id) ??
    snapshot.targets.find((target) => target.name === node.container.name) ??
    null
  );
}

export function openFaultOf(node: Node, snapshot: Snapshot): Fault | null {
  const target = targetOf(node, snapshot);
  return (
    snapshot.faults.find(
      (fault) => isOpen(fault) && (fault.node_id === node.node_id || fault.target === target?.name),
    ) ?? null
  );
}

/** Why the page can only look; null when chaosd answers. */
export function readOnlyReason(snapshot: Snapshot): string | null {
  const source = snapshot.sources.find((one) => one.name === 'containers');
  if (!source) return 'The exporter runs without chaosd: this page can look, not act.';
  if (source.ok && !source.stale) return null;
  const why = source.error === '' ? '' : ` (${source.error})`;
  return `chaosd does not answer${why}: this page can look, not act.`;
}

export function obstacle(action: NodeAction, node: Node, means: Means): Obstacle | null {
  const told = (sentence: string): Obstacle => ({ sentence, obvious: false });
  const obvious = (sentence: string): Obstacle => ({ sentence, obvious: true });
  const name = `n${node.node_id}`;
  if (!means.live) return obvious('The page is not connected: what it shows may be old.');
  const readOnly = readOnlyReason(means.snapshot);
  if (readOnly) return obvious(readOnly);
  const target = targetOf(node, means.snapshot);
  if (!target) return told(`chaosd knows no container or process of ${name}.`);
  if (means.pending) return obvious(`${kActionWord[means.pending]} is under way on ${name}.`);
  const fault = openFaultOf(node, means.snapshot);
  if (action === 'start') return fault ? null : startObstacle(name, target);
  if (fault)
    return obvious(`A ${kFaultWord[fault.kind].toLowerCase()} is open on ${name}: start it first.`);
  const support = means.capabilities?.faults.find((one) => one.kind === action);
  if (support?.support === 'unsupported')
    return told(`${kActionWord[action]} is not possible here: ${support.reason}`);
  if (target.state === 'paused')
    return action === 'pause' ? obvious(`${name} is paused already.`) : null;
  return target.state === 'running' || target.state === 'unknown'
    ? null
    : obvious(`${name} is not running.`);
}

function startObstacle(name: string, target: Target): Obstacle | null {
  if (target.state === 'running') return { sentence: `${name} is running.`, obvious: true };
  return null;
}

export interface Forecast {
  title: string;
  sentence: string;
}

/**
 * What would happen if this node went, when it is bad enough to ask first. Judged by the count of
 * nodes and by what the exporter says the cluster can still lose, not range by range.
 */
export function quorumForecast(
  action: NodeAction,
  node: Node,
  snapshot: Snapshot,
  durationS: number,
): Forecast | null {
  if (action === 'start' || node.process.state === 'unreachable') return null;
  const { nodes_expected: expected, nodes_up: up } = snapshot.cluster;
  const left = Math.max(0, up - 1);
  const majority = Math.floor(expected / 2) + 1;
  const name = `n${node.node_id}`;
  const title = `${kActionWord[action]} ${name}?`;
  const back = `chaosd brings ${name} back after ${durationWords(durationS)}, or as soon as you press Start.`;
  if (left < majority) {
    const loss =
      left === 0
        ? 'No node would be left'
        : `Only ${left} of ${plural(expected, 'node')} would be left`;
    return {
      title,
      sentence: `${loss}, fewer than the majority of ${majority}. The cluster becomes unavailable: reads and writes hang until enough nodes are back. ${back}`,
    };
  }
  if (snapshot.verdict.can_lose_nodes === 0) {
    return {
      title,
      sentence: `${left} of ${plural(expected, 'node')} would be left, but the cluster cannot lose one more without harm: some ranges would lose quorum, and reads and writes to them hang until they have it again. ${back}`,
    };
  }
  return null;
}

export const kDurationsS = [15, 30, 60, 300] as const;
export const kDurationDefaultS = 60;

export function durationWords(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${seconds / 60} min`;
}

/** The choices that chaosd's maximum leaves. */
export function durationChoices(capabilities: Capabilities | null): number[] {
  const max = capabilities?.max_duration_s ?? Infinity;
  const left = kDurationsS.filter((one) => one <= max);
  return left.length > 0 ? [...left] : [Math.max(1, Math.floor(max))];
}
