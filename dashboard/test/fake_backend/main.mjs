// FAKE: stands in for the exporter, chaosd and Caddy while the page is worked on. `npm run fake`
// serves the built page, /ws and /api/chaos on one port; `npm run dev` can use it as both backends:
//   FAULTLINE_DEV_EXPORTER=http://127.0.0.1:8097 FAULTLINE_DEV_CHAOSD=http://127.0.0.1:8097 npm run dev
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { WebSocketServer } from 'ws';
import { FakeCluster } from './cluster.mjs';

const kPolicy =
  "default-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
const kTypes = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const kMaxFaultS = 1_800;

const port = Number(process.env['FAULTLINE_FAKE_PORT'] ?? 8097);
const cluster = new FakeCluster(Number(process.env['FAULTLINE_FAKE_NODES'] ?? 5));

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text === '' ? {} : JSON.parse(text);
}

function answer(response, status, body) {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  response.writeHead(status, { 'Content-Type': type }).end(JSON.stringify(body));
}

async function chaos(request, response, url) {
  const path = url.pathname.replace('/api/chaos/v1', '');
  if (request.method === 'GET' && path === '/capabilities') {
    const faults = ['stop', 'kill', 'pause', 'restart'].map((kind) => ({
      kind,
      support: 'supported',
      reason: '',
    }));
    return answer(response, 200, {
      runtime: 'process',
      runtime_ok: true,
      runtime_detail: '',
      max_duration_s: kMaxFaultS,
      faults,
    });
  }
  let outcome = { status: 404, detail: `nothing at ${url.pathname}` };
  if (request.method === 'POST' && path === '/faults') {
    const { kind, target, duration_s: durationS } = await bodyOf(request);
    outcome = cluster.inject(kind, target, durationS);
  } else if (request.method === 'DELETE' && path.startsWith('/faults/')) {
    outcome = cluster.undo(decodeURIComponent(path.slice('/faults/'.length)));
  } else if (request.method === 'POST' && path === '/heal') {
    outcome = cluster.healAll();
  } else if (request.method === 'POST' && url.pathname === '/api/chaos/node/start') {
    outcome = cluster.start(url.searchParams.get('name'));
  }
  const body =
    outcome.fault ??
    (outcome.faults
      ? { faults: outcome.faults }
      : { title: 'refused', status: outcome.status, detail: outcome.detail });
  answer(response, outcome.status, body);
}

async function page(response, url) {
  const path = url.pathname === '/' ? '/index.html' : url.pathname;
  try {
    const content = await readFile(new URL(`../../dist${path}`, import.meta.url));
    response.writeHead(200, {
      'Content-Type': kTypes[extname(path)] ?? 'application/octet-stream',
      'Content-Security-Policy': kPolicy,
    });
    response.end(content);
  } catch {
    response.writeHead(404).end();
  }
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://fake');
  if (url.pathname.startsWith('/api/chaos')) void chaos(request, response, url);
  else if (url.pathname === '/api/v1/state') answer(response, 200, cluster.snapshot());
  else void page(response, url);
});

const sockets = new WebSocketServer({ server, path: '/ws', handleProtocols: () => 'faultline.v1' });
const envelope = (more) => JSON.stringify({ v: 1, boot: cluster.boot, seq: cluster.seq, ...more });
sockets.on('connection', (socket) => {
  socket.send(envelope({ type: 'hello', server: 'fake backend', heartbeat_ms: 2_000 }));
  socket.send(envelope({ type: 'snapshot', snapshot: cluster.snapshot() }));
});
setInterval(() => {
  const events = cluster.step();
  const frames = [
    envelope({ type: 'snapshot', snapshot: cluster.snapshot() }),
    ...events.map((event) => envelope({ type: 'event', event })),
  ];
  for (const socket of sockets.clients) for (const frame of frames) socket.send(frame);
}, 250);

server.listen(port, '127.0.0.1', () =>
  console.log(`FAKE backend with the built page: http://127.0.0.1:${server.address().port}`),
);
