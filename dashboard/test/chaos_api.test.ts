import { describe, expect, test } from 'vitest';
import { ChaosApi, problemSentence } from '../src/chaos/chaos_api';
import { capabilities, fakeFetch, json, killFault } from './fixtures';

describe('ChaosApi', () => {
  test('each call is the one that the API documents', async () => {
    const { fetcher, calls } = fakeFetch(
      capabilities(),
      json(202, killFault()),
      json(202, killFault()),
      json(202, {}),
      json(202, { faults: [] }),
    );
    const api = new ChaosApi(fetcher);
    await api.capabilities();
    await api.inject({ kind: 'kill', target: 'crdb-2', duration_s: 60 });
    await api.undo('f 17');
    await api.startTarget('crdb&2');
    await api.healAll();
    expect(calls).toEqual([
      { method: 'GET', url: '/api/chaos/v1/capabilities', body: undefined },
      {
        method: 'POST',
        url: '/api/chaos/v1/faults',
        body: { kind: 'kill', target: 'crdb-2', duration_s: 60 },
      },
      { method: 'DELETE', url: '/api/chaos/v1/faults/f%2017', body: undefined },
      { method: 'POST', url: '/api/chaos/node/start?name=crdb%262', body: undefined },
      { method: 'POST', url: '/api/chaos/v1/heal', body: undefined },
    ]);
  });

  test('a body is declared as JSON, as chaosd demands', async () => {
    let headers: unknown;
    const api = new ChaosApi((async (_url: unknown, init: RequestInit) => {
      headers = init.headers;
      return json(202, killFault());
    }) as unknown as typeof fetch);
    const outcome = await api.inject({ kind: 'kill', target: 'crdb-2', duration_s: 60 });
    expect(headers).toEqual({ 'Content-Type': 'application/json' });
    expect(outcome).toEqual({ ok: true, value: killFault() });
  });

  test('a problem is told in its own words, with what each field wants', async () => {
    const body = {
      type: 'about:blank',
      title: 'Invalid',
      status: 422,
      detail: 'the request is not valid',
      errors: [{ pointer: '/duration_s', detail: 'duration_s must be at most 1800' }],
    };
    const api = new ChaosApi(fakeFetch(json(422, body)).fetcher);
    expect(await api.inject({ kind: 'kill', target: 'crdb-2', duration_s: 9e9 })).toEqual({
      ok: false,
      status: 422,
      sentence: 'the request is not valid; duration_s must be at most 1800',
    });
  });

  test.each([
    [502, 'chaosd does not answer (502)'],
    [401, 'chaosd wants a token that this page does not have (401)'],
    [403, 'this page may not do that (403)'],
    [409, 'another fault is already open on this node (409)'],
    [500, 'chaosd refused with status 500'],
  ])('status %i without a problem body becomes a sentence', (status, sentence) => {
    expect(problemSentence(status, null)).toBe(sentence);
    expect(problemSentence(status, { errors: [null, 3], detail: 7 })).toBe(sentence);
  });

  test('a title serves when there is no detail', () => {
    expect(problemSentence(404, { title: 'No such target' })).toBe('No such target');
  });

  test('no connection and no answer in time are told apart', async () => {
    const gone = new ChaosApi(fakeFetch(new TypeError('fetch failed')).fetcher);
    expect(await gone.healAll()).toEqual({
      ok: false,
      status: null,
      sentence: 'chaosd cannot be reached',
    });
    const silent = new ChaosApi(fakeFetch(new DOMException('late', 'TimeoutError')).fetcher);
    expect(await silent.healAll()).toEqual({
      ok: false,
      status: null,
      sentence: 'chaosd did not answer within 10 s',
    });
  });

  test('an answer that is no fault, no capabilities or no JSON is not taken for success', async () => {
    const { fetcher } = fakeFetch(
      json(202, { id: 'f-1' }),
      json(200, { runtime: 'docker' }),
      new Response('<html>', { status: 202 }),
    );
    const api = new ChaosApi(fetcher);
    const sentence = 'chaosd answered with something this page does not understand';
    expect(await api.inject({ kind: 'kill', target: 'a', duration_s: 1 })).toMatchObject({
      ok: false,
      sentence,
    });
    expect(await api.capabilities()).toMatchObject({ ok: false, sentence });
    expect(await api.healAll()).toMatchObject({ ok: false, sentence });
  });
});
