import type { Capabilities, ChaosApi } from '../chaos/chaos_api';
import type { Fault, Node, Snapshot } from '../stream/types';
import {
  durationWords,
  kActionWord,
  openFaultOf,
  targetOf,
  type NodeAction,
} from '../view/guard';
import { isOpen } from '../view/words';

export interface Pending {
  action: NodeAction;
  since: number;
  /** Set once chaosd accepted; until then it was only asked. */
  accepted: boolean;
  faultId: string | null;
}

/** chaosd wants a plan accepted first: what the person is asked. */
export interface Question {
  action: NodeAction;
  durationS: number;
  hash: string;
  sentence: string;
}

/** `true`: the person confirmed the page's own forecast; a hash: the plan that chaosd showed. */
export type Consent = true | string | null;

/** After this without effect the card says so and the buttons come back. Stop drains, which takes longer. */
const kPatienceMs: Record<NodeAction, number> = {
  kill: 20_000,
  pause: 20_000,
  start: 45_000,
  stop: 75_000,
};

/** chaosd's reasons begin in the middle of a sentence. */
function sentenceOf(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}

/** Seen in the stream, by whoever noticed first: chaosd's view of the container or the exporter's of the process. */
export function effectSeen(action: NodeAction, node: Node): boolean {
  const { container, process } = node;
  switch (action) {
    case 'stop':
    case 'kill':
      return (
        container.state === 'exited' ||
        container.state === 'removed' ||
        process.state === 'unreachable'
      );
    case 'pause':
      return container.state === 'paused' || process.state === 'unresponsive';
    case 'start':
      return (
        (container.state === 'running' || container.name === null) && process.state === 'reachable'
      );
  }
}

/**
 * What the page asked chaosd to do, from the click until the stream shows the effect. That the call
 * was accepted is not the end: the card waits for what happens.
 */
export class NodeActions {
  readonly #api: ChaosApi;
  readonly #now: () => number;
  readonly #say: (sentence: string) => void;
  #pending = $state.raw<ReadonlyMap<number, Pending>>(new Map());
  #errors = $state.raw<ReadonlyMap<number, string>>(new Map());
  #questions = $state.raw<ReadonlyMap<number, Question>>(new Map());
  #healing = $state.raw(false);
  #healError = $state.raw<string | null>(null);
  #capabilities = $state.raw<Capabilities | null>(null);
  #latest: Snapshot | null = null;
  #chaosAnswers = false;

  /** `say` tells those who do not see the card what went wrong on it. */
  constructor(api: ChaosApi, now: () => number, say: (sentence: string) => void) {
    this.#api = api;
    this.#now = now;
    this.#say = say;
  }

  get healing(): boolean {
    return this.#healing;
  }
  get healError(): string | null {
    return this.#healError;
  }
  get capabilities(): Capabilities | null {
    return this.#capabilities;
  }

  pending(nodeId: number): Pending | null {
    return this.#pending.get(nodeId) ?? null;
  }

  error(nodeId: number): string | null {
    return this.#errors.get(nodeId) ?? null;
  }

  dismiss(nodeId: number): void {
    this.#fail(nodeId, null);
  }

  question(nodeId: number): Question | null {
    return this.#questions.get(nodeId) ?? null;
  }

  /** Whatever the answer was: the question is no longer asked. */
  answered(nodeId: number): void {
    this.#askAbout(nodeId, null);
  }

  async run(
    action: NodeAction,
    node: Node,
    snapshot: Snapshot,
    durationS: number,
    consent: Consent = null,
  ): Promise<void> {
    const id = node.node_id;
    const target = targetOf(node, snapshot);
    if (!target || this.#pending.has(id)) return;
    this.#fail(id, null);
    this.#setPending(id, { action, since: this.#now(), accepted: false, faultId: null });
    const outcome = await this.#ask(action, node, snapshot, target.name, durationS, consent);
    if (!outcome.ok) {
      this.#setPending(id, null);
      if (outcome.plan) {
        const { hash, reasons } = outcome.plan;
        const sentence = `${reasons.map(sentenceOf).join(' ')} chaosd undoes it after ${durationWords(durationS)}.`;
        return this.#askAbout(id, { action, durationS, hash, sentence });
      }
      return this.#fail(id, `${kActionWord[action]} failed: ${outcome.sentence}.`);
    }
    this.#setPending(id, { action, since: this.#now(), accepted: true, faultId: outcome.faultId });
    if (this.#latest) this.#settle(this.#latest);
  }

  async healAll(): Promise<void> {
    if (this.#healing) return;
    this.#healError = null;
    this.#healing = true;
    const outcome = await this.#api.healAll();
    if (!outcome.ok) {
      this.#healing = false;
      this.#healError = `Healing failed: ${outcome.sentence}.`;
      this.#say(this.#healError);
    } else if (this.#latest) {
      this.#settle(this.#latest);
    }
  }

  /** Each new picture may show the effect that a card waits for. */
  observe(snapshot: Snapshot): void {
    this.#latest = snapshot;
    this.#settle(snapshot);
    const answers = snapshot.sources.some((source) => source.name === 'containers' && source.ok);
    if (answers && !this.#chaosAnswers) void this.#loadCapabilities();
    this.#chaosAnswers = answers;
  }

  /** Gives up on effects that never came. */
  tick(): void {
    for (const [id, { action, since, accepted }] of this.#pending) {
      if (!accepted || this.#now() - since < kPatienceMs[action]) continue;
      this.#setPending(id, null);
      const waited = kPatienceMs[action] / 1_000;
      this.#fail(
        id,
        `${kActionWord[action]} was accepted, but no effect was seen for ${waited} s.`,
      );
    }
  }

  async #ask(
    action: NodeAction,
    node: Node,
    snapshot: Snapshot,
    target: string,
    durationS: number,
    consent: Consent,
  ) {
    if (action !== 'start') {
      const request = { kind: action, target, duration_s: durationS };
      let outcome = await this.#api.inject(
        typeof consent === 'string' ? { ...request, accept_plan: consent } : request,
      );
      if (!outcome.ok && outcome.plan && consent === true)
        outcome = await this.#api.inject({ ...request, accept_plan: outcome.plan.hash });
      return outcome.ok ? { ok: true as const, faultId: outcome.value.id } : outcome;
    }
    const fault = openFaultOf(node, snapshot);
    const outcome = fault ? await this.#api.undo(fault.id) : await this.#api.startTarget(target);
    return outcome.ok ? { ok: true as const, faultId: fault?.id ?? null } : outcome;
  }

  #settle(snapshot: Snapshot): void {
    for (const [id, pending] of this.#pending) {
      if (!pending.accepted) continue;
      const node = snapshot.nodes.find((one) => one.node_id === id);
      if (node && effectSeen(pending.action, node)) this.#setPending(id, null);
      else
        this.#settleByFault(
          id,
          pending,
          snapshot.faults.find((one) => one.id === pending.faultId),
        );
    }
    if (this.#healing && !snapshot.faults.some(isOpen)) this.#healing = false;
  }

  #settleByFault(id: number, pending: Pending, fault: Fault | undefined): void {
    if (!fault) return;
    const failed = fault.state === 'failed' || fault.state === 'revert_failed';
    // A fault that is over before its effect was seen leaves nothing to wait for.
    if (!failed && (isOpen(fault) || pending.action === 'start')) return;
    this.#setPending(id, null);
    if (failed)
      this.#fail(id, `${kActionWord[pending.action]} failed: ${fault.reason || fault.state}.`);
  }

  async #loadCapabilities(): Promise<void> {
    const outcome = await this.#api.capabilities();
    if (outcome.ok) this.#capabilities = outcome.value;
  }

  #askAbout(id: number, question: Question | null): void {
    const next = new Map(this.#questions);
    if (question) next.set(id, question);
    else next.delete(id);
    this.#questions = next;
  }

  #setPending(id: number, pending: Pending | null): void {
    const next = new Map(this.#pending);
    if (pending) next.set(id, pending);
    else next.delete(id);
    this.#pending = next;
  }

  #fail(id: number, sentence: string | null): void {
    const next = new Map(this.#errors);
    if (sentence === null) {
      next.delete(id);
    } else {
      next.set(id, sentence.replace(/\.\.$/, '.'));
      this.#say(`n${id}: ${sentence}`);
    }
    this.#errors = next;
  }
}
