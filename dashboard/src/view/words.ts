import type { Event, Fault, Node, Snapshot } from '../stream/types';

/** How good or bad something is. Every tone has its own shape, so colour never speaks alone. */
export type Tone = 'ok' | 'info' | 'warn' | 'bad' | 'unknown';

export type VerdictState = Snapshot['verdict']['state'];
export type LivenessState = Node['liveness']['state'];
export type ProcessState = Node['process']['state'];
export type ContainerState = Node['container_state'];

export const kVerdictTone: Record<VerdictState, Tone> = {
  available: 'ok',
  degraded: 'warn',
  settling: 'info',
  unavailable: 'bad',
  unreachable: 'bad',
  unknown: 'unknown',
};

export const kVerdictWord: Record<VerdictState, string> = {
  available: 'Available',
  degraded: 'Degraded',
  settling: 'Settling',
  unavailable: 'Unavailable',
  unreachable: 'Unreachable',
  unknown: 'Unknown',
};

export const kLivenessTone: Record<LivenessState, Tone> = {
  live: 'ok',
  suspect: 'warn',
  draining: 'info',
  dead: 'bad',
  decommissioning: 'info',
  decommissioned: 'unknown',
  unknown: 'unknown',
};

export const kProcessTone: Record<ProcessState, Tone> = {
  reachable: 'ok',
  unresponsive: 'warn',
  unreachable: 'bad',
  unknown: 'unknown',
};

export const kContainerTone: Record<ContainerState, Tone> = {
  running: 'ok',
  created: 'info',
  restarting: 'info',
  paused: 'warn',
  exited: 'bad',
  removed: 'bad',
  unknown: 'unknown',
};

export const kSeverityTone: Record<Event['severity'], Tone> = {
  info: 'info',
  warning: 'warn',
  critical: 'bad',
};
export const kSeverityWord: Record<Event['severity'], string> = {
  info: 'Info',
  warning: 'Warning',
  critical: 'Critical',
};

/** How a fault reads in "Kill on n2, back in 0:42". */
export const kFaultWord: Record<Fault['kind'], string> = {
  stop: 'Stop',
  kill: 'Kill',
  pause: 'Pause',
  restart: 'Restart',
  'net.partition': 'Partition',
  'net.isolate': 'Isolation',
  'net.loss': 'Packet loss',
  'net.latency': 'Latency',
  'net.bandwidth': 'Narrow bandwidth',
  'cpu.throttle': 'CPU throttle',
  'memory.pressure': 'Memory pressure',
  'disk.fill': 'Full disk',
  'disk.slow': 'Slow disk',
  'disk.stall': 'Stalled disk',
};

const kRank: Tone[] = ['ok', 'unknown', 'info', 'warn', 'bad'];

export function worst(...tones: Tone[]): Tone {
  return tones.reduce((a, b) => (kRank.indexOf(b) > kRank.indexOf(a) ? b : a), 'ok');
}

export interface Clients {
  tone: Tone;
  word: string;
  detail: string;
}

/** What a client of the node experiences; null while nobody probes it. */
export function clientsOf(node: Node): Clients | null {
  const { probe } = node;
  if (!probe || probe.read_at_ms === null) return null;
  const failing = [
    probe.select_ok === false ? 'SELECT 1' : '',
    probe.write_ok === false ? 'writes' : '',
    probe.read_ok === false ? 'reads' : '',
  ].filter((one) => one !== '');
  if (failing.length > 0) return { tone: 'bad', word: 'failing', detail: failing.join(', ') };
  const detail =
    probe.write_ms === null ? '' : `write ${Math.max(1, Math.round(probe.write_ms))} ms`;
  return { tone: 'ok', word: 'served', detail };
}

/** The edge of a card: as bad as the worst that is known about the node. */
export function nodeTone(node: Node): Tone {
  const known = [
    kLivenessTone[node.liveness.state],
    kProcessTone[node.process.state],
    // A node that no target matches has no container state, and that is no fault of the node.
    node.container.name === null ? 'ok' : kContainerTone[node.container.state],
  ] as const;
  // A node whose liveness nobody knows is not well, whatever answers.
  return worst(...known);
}

/** The one word for the whole node, as large as its name. The worst news wins. */
export function nodeWord(node: Node): string {
  const { liveness, process, container } = node;
  if (liveness.state === 'decommissioned') return 'Decommissioned';
  if (container.state === 'paused') return 'Paused';
  if (container.state === 'exited' || container.state === 'removed') return 'Down';
  if (process.state === 'unreachable') return 'Unreachable';
  if (process.state === 'unresponsive') return 'Silent';
  if (liveness.state !== 'live') return capital(liveness.state);
  return 'Live';
}

export function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

export function isOpen(fault: Fault): boolean {
  return fault.ended_at_ms === null && fault.state !== 'reverted' && fault.state !== 'failed';
}

/** What the page's title starts with; one sign a glance can tell apart in a row of tabs. */
export const kTitleSign: Record<Tone, string> = {
  ok: '●',
  info: '◐',
  warn: '▲',
  bad: '■',
  unknown: '○',
};
/** Favicons in public/, one per tone that a tab must tell apart. */
export const kFavicon: Record<Tone, string> = {
  ok: 'ok.svg',
  info: 'warn.svg',
  warn: 'warn.svg',
  bad: 'bad.svg',
  unknown: 'unknown.svg',
};
