import { conformance } from '../stream/decode';
import type { Fault } from '../stream/types';

export type FaultKind = Fault['kind'];

export interface FaultSupport {
  kind: string;
  support: 'supported' | 'degraded' | 'unsupported';
  reason: string;
}

export interface Capabilities {
  runtime: string;
  runtime_ok: boolean;
  runtime_detail: string;
  max_duration_s: number;
  faults: FaultSupport[];
}

/** What chaosd asks to have accepted before it injects a fault. */
export interface PlanAsked {
  hash: string;
  /** Why it asks. */
  reasons: string[];
}

export interface Failure {
  ok: false;
  sentence: string;
  status: number | null;
  /** Set when the same call with this plan's hash would be let through. */
  plan?: PlanAsked;
}

export type Outcome<T> = { ok: true; value: T } | Failure;

export interface FaultRequest {
  kind: FaultKind;
  target: string;
  duration_s: number;
  accept_plan?: string;
}

const kRoot = '/api/chaos/v1';
/** chaosd answers before the fault is injected, so this is long. */
const kDeadlineMs = 10_000;

/**
 * The calls to chaosd. None throws: what goes wrong comes back as a sentence for the node's card.
 * That a call succeeded means that it was accepted; whether it had its effect, the stream says.
 */
export class ChaosApi {
  readonly #fetch: typeof fetch;

  constructor(fetcher: typeof fetch = (...call) => fetch(...call)) {
    this.#fetch = fetcher;
  }

  capabilities(): Promise<Outcome<Capabilities>> {
    return this.#call('GET', `${kRoot}/capabilities`, undefined, readCapabilities);
  }

  inject(request: FaultRequest): Promise<Outcome<Fault>> {
    return this.#call('POST', `${kRoot}/faults`, request, readFault);
  }

  undo(faultId: string): Promise<Outcome<unknown>> {
    return this.#call(
      'DELETE',
      `${kRoot}/faults/${encodeURIComponent(faultId)}`,
      undefined,
      (body) => body,
    );
  }

  /** For a node that is down without a fault of ours. */
  startTarget(name: string): Promise<Outcome<unknown>> {
    return this.#call(
      'POST',
      `/api/chaos/node/start?name=${encodeURIComponent(name)}`,
      undefined,
      (body) => body,
    );
  }

  healAll(): Promise<Outcome<unknown>> {
    return this.#call('POST', `${kRoot}/heal`, undefined, (body) => body);
  }

  async #call<T>(
    method: string,
    url: string,
    body: unknown,
    read: (body: unknown) => T | null,
  ): Promise<Outcome<T>> {
    const request: RequestInit = { method, signal: AbortSignal.timeout(kDeadlineMs) };
    if (body !== undefined) {
      request.headers = { 'Content-Type': 'application/json' };
      request.body = JSON.stringify(body);
    }
    let answer: Response;
    try {
      answer = await this.#fetch(url, request);
    } catch (error) {
      const late = error instanceof DOMException && error.name === 'TimeoutError';
      return failure(
        late ? `chaosd did not answer within ${kDeadlineMs / 1000} s` : 'chaosd cannot be reached',
        null,
      );
    }
    const json: unknown = await answer.json().catch(() => null);
    if (!answer.ok) {
      const failed = failure(problemSentence(answer.status, json), answer.status);
      const plan = readPlanAsked(json);
      return plan ? { ...failed, plan } : failed;
    }
    const value = read(json);
    return value === null
      ? failure('chaosd answered with something this page does not understand', answer.status)
      : { ok: true, value };
  }
}

function failure(sentence: string, status: number | null): Failure {
  return { ok: false, sentence, status };
}

function readPlanAsked(body: unknown): PlanAsked | null {
  const problem = body as { code?: unknown; plan?: { plan_hash?: unknown; guard?: unknown } } | null;
  const hash = problem?.plan?.plan_hash;
  if (problem?.code !== 'plan_not_accepted' || typeof hash !== 'string') return null;
  const reasons = (problem.plan?.guard as { reasons?: unknown } | undefined)?.reasons;
  return {
    hash,
    reasons: Array.isArray(reasons) ? reasons.filter((one) => typeof one === 'string') : [],
  };
}

/** RFC 9457 problem+json in words; the field errors say what would do. */
export function problemSentence(status: number, body: unknown): string {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  const fields = (Array.isArray(problem['errors']) ? problem['errors'] : []) as Record<
    string,
    unknown
  >[];
  const details = fields.map((one) => text(one?.['detail'])).filter((one) => one !== null);
  const said = [text(problem['detail']) ?? text(problem['title']), ...details].filter(
    (one) => one !== null,
  );
  if (said.length > 0) return [...new Set(said)].join('; ');
  switch (status) {
    case 401:
      return 'chaosd wants a token that this page does not have (401)';
    case 403:
      return 'this page may not do that (403)';
    case 409:
      return 'another fault is already open on this node (409)';
    case 502:
    case 503:
    case 504:
      return `chaosd does not answer (${status})`;
    default:
      return `chaosd refused with status ${status}`;
  }
}

function readFault(body: unknown): Fault | null {
  return conformance.complaint('Fault', body) === null ? (body as Fault) : null;
}

function readCapabilities(body: unknown): Capabilities | null {
  const value = body as Partial<Capabilities> | null;
  const whole =
    value !== null &&
    typeof value === 'object' &&
    Array.isArray(value.faults) &&
    typeof value.max_duration_s === 'number';
  return whole ? (value as Capabilities) : null;
}
