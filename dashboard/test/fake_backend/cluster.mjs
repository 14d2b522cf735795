// A made-up cluster for work on the page: no consensus, no ranges, only numbers that move like the
// real ones. What the page promises is tested against the real programs in tests/e2e.
const kSuspectAfterMs = 4_500;
const kDeadAfterMs = 60_000;
const kRanges = 72;

export class FakeCluster {
  #nodes;
  #faults = [];
  #events = [];
  #seq = 0;
  #nextFault = 1;
  #boot = `fake-${Date.now().toString(36)}`;
  #verdict = { state: 'unknown', sinceMs: Date.now() };

  constructor(nodes) {
    const now = Date.now();
    this.#nodes = Array.from({ length: nodes }, (_, index) => ({
      id: index + 1,
      state: 'running',
      since: now,
      downSince: null,
      liveness: 'live',
      livenessSince: now,
      leases: Math.round(kRanges / nodes),
    }));
  }

  get boot() {
    return this.#boot;
  }
  get seq() {
    return this.#seq;
  }

  /** Moves time; returns what happened since. */
  step() {
    const now = Date.now();
    for (const fault of this.#faults)
      if (fault.state === 'active' && now >= fault.expires_at_ms) this.#revert(fault);
    for (const node of this.#nodes) this.#settle(node, now);
    this.#moveLeases();
    this.#judge(now);
    this.#seq += 1;
    return this.#events.splice(0);
  }

  inject(kind, name, durationS) {
    const node = this.#byName(name);
    if (!node) return { status: 404, detail: `no target is named ${name}` };
    if (this.#openFault(name)) return { status: 409, detail: `${name} has an open fault already` };
    const now = Date.now();
    const fault = {
      id: `f-${this.#nextFault++}`,
      kind,
      state: 'active',
      target: name,
      node_id: node.id,
      reason: '',
      created_at_ms: now,
      active_at_ms: now,
      expires_at_ms: now + durationS * 1000,
      ended_at_ms: null,
      overdue: false,
    };
    this.#faults.unshift(fault);
    this.#event(
      'fault',
      'info',
      node.id,
      fault.id,
      `${kind} of ${name} is active for ${durationS} s`,
    );
    this.#container(node, kind === 'pause' ? 'paused' : 'exited', fault.id);
    return { status: 202, fault };
  }

  undo(id) {
    const fault = this.#faults.find((one) => one.id === id);
    if (!fault) return { status: 404, detail: `no fault ${id}` };
    if (fault.ended_at_ms === null) this.#revert(fault);
    return { status: 202, fault };
  }

  start(name) {
    const open = this.#openFault(name);
    if (open) return this.undo(open.id);
    const node = this.#byName(name);
    if (!node) return { status: 404, detail: `no target is named ${name}` };
    this.#container(node, 'running', null);
    return { status: 202, fault: null };
  }

  healAll() {
    for (const fault of this.#faults) if (fault.ended_at_ms === null) this.#revert(fault);
    return { status: 202, faults: this.#faults };
  }

  snapshot() {
    const now = Date.now();
    const up = this.#nodes.filter((node) => node.state === 'running').length;
    const known = up * 2 > this.#nodes.length;
    const opinion = (valid, value, reason) => ({
      valid,
      ranges_unavailable: value,
      reason,
      read_at_ms: now - 400,
    });
    const lost = this.#ranges(up);
    return {
      v: 1,
      boot: this.#boot,
      seq: this.#seq,
      timestamp: now,
      cluster: {
        cluster_id: '0a1a69d2-96ce-4da1-b6e5-faf5b2c3f0af',
        version:
          'CockroachDB CCL v22.1.0-alpha.20220214-crdbsim (fake, made up for work on the page)',
        simulated: true,
        nodes_expected: this.#nodes.length,
        nodes_up: up,
      },
      verdict: {
        state: this.#verdict.state,
        sentence: this.#sentence(up),
        since_ms: this.#verdict.sinceMs,
        can_lose_nodes: up === this.#nodes.length ? 1 : 0,
        native: known
          ? opinion(true, 0, '')
          : { ...opinion(false, 0, 'no node is live in its own eyes') },
        computed: opinion(true, lost, ''),
        probe: {
          valid: false,
          ranges_unavailable: null,
          reason: 'the probe is off',
          read_at_ms: null,
        },
      },
      ranges_total: kRanges,
      ranges_unavailable: lost,
      ranges_underreplicated:
        up === this.#nodes.length ? 0 : Math.min(kRanges, (this.#nodes.length - up) * 41),
      nodes: this.#nodes.map((node) => this.#nodeView(node, now)),
      connectivity: { valid: false, reason: 'made up', cuts: [], sentence: '' },
      sources: ['process', 'metrics', 'gossip', 'placement', 'containers'].map((name) => ({
        name,
        ok: name !== 'placement' || known,
        error: name !== 'placement' || known ? '' : 'no answer before the deadline',
        gateway: name === 'process' || name === 'metrics' ? null : '127.0.0.1:26257',
        read_at_ms: now - 300,
        took_ms: 3,
        stale: name === 'placement' && !known,
        off: '',
      })),
      faults: this.#faults.filter(
        (fault) => fault.ended_at_ms === null || now - fault.ended_at_ms < 60_000,
      ),
      targets: this.#nodes.map((node) => ({
        name: `crdb-${node.id}`,
        container_id: `${node.id}`.repeat(12),
        runtime: 'process',
        state: node.state,
        state_since_ms: node.since,
        addresses: [`127.0.0.1:${26256 + node.id}`],
        node_id: node.id,
      })),
    };
  }

  #nodeView(node, now) {
    const running = node.state === 'running';
    const process = running
      ? 'reachable'
      : node.state === 'paused'
        ? 'unresponsive'
        : 'unreachable';
    const suspect = node.liveness === 'suspect';
    return {
      node_id: node.id,
      address: `127.0.0.1:${26256 + node.id}`,
      sql_address: `127.0.0.1:${26256 + node.id}`,
      http_address: `127.0.0.1:${8080 + node.id}`,
      locality: `region=demo,zone=${'abcdefgh'[(node.id - 1) % 8]}`,
      version: 'v22.1.0-alpha.20220214-crdbsim',
      started_at_ms: node.since,
      is_live: node.liveness === 'live',
      ranges: 43,
      leader_ranges: node.leases,
      container_id: `${node.id}`.repeat(12),
      container_state: node.state,
      liveness: {
        state: node.liveness,
        reason: node.liveness === 'live' ? '' : 'its liveness record expired',
        since_ms: node.livenessSince,
        next_state: suspect ? 'dead' : null,
        next_at_ms: suspect ? node.livenessSince + kDeadAfterMs : null,
        epoch: 1,
        expires_at_ms: now + 4_000,
        witness_node_id: 1,
        disagreement: '',
        disagreement_since_ms: null,
        read_at_ms: now - 150,
      },
      process: {
        state: process,
        reason: running ? '' : 'connection refused',
        ready: running ? true : null,
        since_ms: node.since,
        read_at_ms: now - 100,
      },
      container: {
        state: node.state,
        name: `crdb-${node.id}`,
        since_ms: node.since,
        read_at_ms: now - 20,
      },
      replication: {
        valid: running,
        reason: running ? '' : 'the node does not answer',
        live_nodes: 5,
        ranges_counted: node.leases,
        ranges_unavailable: 0,
        ranges_underreplicated:
          this.#nodes.some((one) => one.state !== 'running') && running ? 12 : 0,
        read_at_ms: running ? now - 500 : node.since,
      },
      connectivity: { peers_lost: null, peers: [], source: '', read_at_ms: null },
      stores: null,
    };
  }

  #settle(node, now) {
    const down = node.state !== 'running';
    const age = now - node.since;
    const next = !down
      ? age > 1_500 || node.liveness === 'live'
        ? 'live'
        : node.liveness
      : age > kDeadAfterMs + kSuspectAfterMs
        ? 'dead'
        : age > kSuspectAfterMs
          ? 'suspect'
          : node.liveness;
    if (next === node.liveness) return;
    node.liveness = next;
    node.livenessSince = now;
    this.#event(
      'liveness_state',
      next === 'live' ? 'info' : 'warning',
      node.id,
      null,
      `n${node.id} is ${next}`,
    );
  }

  #moveLeases() {
    const live = this.#nodes.filter((node) => node.liveness === 'live' && node.state === 'running');
    if (live.length * 2 <= this.#nodes.length) return;
    for (const node of this.#nodes) {
      if (node.liveness === 'live' || node.leases === 0) continue;
      this.#event(
        'leases_moved',
        'info',
        node.id,
        null,
        `${node.leases} leases moved away from n${node.id}`,
      );
      while (node.leases > 0) {
        live[node.leases % live.length].leases += 1;
        node.leases -= 1;
      }
    }
    const fullest = live.reduce((a, b) => (b.leases > a.leases ? b : a));
    const emptiest = live.reduce((a, b) => (b.leases < a.leases ? b : a));
    if (fullest.leases - emptiest.leases > 1) {
      fullest.leases -= 1;
      emptiest.leases += 1;
    }
  }

  #judge(now) {
    const up = this.#nodes.filter((node) => node.state === 'running').length;
    const state =
      up === 0
        ? 'unreachable'
        : up === this.#nodes.length
          ? 'available'
          : up * 2 > this.#nodes.length
            ? 'degraded'
            : 'unavailable';
    if (state === this.#verdict.state) return;
    this.#verdict = { state, sinceMs: now };
    this.#event(
      'verdict',
      state === 'available' ? 'info' : state === 'degraded' ? 'warning' : 'critical',
      null,
      null,
      this.#sentence(up),
    );
  }

  #sentence(up) {
    const all = this.#nodes.length;
    if (up === 0) return `Cluster unreachable: 0 of ${all} processes answer`;
    if (up === all) return 'Available, can lose 1 more node';
    if (up * 2 > all) return 'Available, but one more node lost would take quorum from 24 ranges';
    return `Unavailable: ${this.#ranges(up)} ranges without quorum`;
  }

  #ranges(up) {
    return up * 2 > this.#nodes.length ? 0 : Math.min(kRanges, (this.#nodes.length - up) * 17);
  }

  #revert(fault) {
    fault.state = 'reverted';
    fault.ended_at_ms = Date.now();
    this.#event(
      'fault',
      'info',
      fault.node_id,
      fault.id,
      `${fault.kind} of ${fault.target} is undone`,
    );
    this.#container(this.#byName(fault.target), 'running', fault.id);
  }

  #container(node, state, faultId) {
    node.state = state;
    node.since = Date.now();
    this.#event(
      'container_state',
      state === 'running' ? 'info' : 'warning',
      node.id,
      faultId,
      `n${node.id} container ${state}`,
    );
  }

  #event(kind, severity, nodeId, faultId, sentence) {
    this.eventId = (this.eventId ?? 0) + 1;
    this.#events.push({
      id: this.eventId,
      at_ms: Date.now(),
      kind,
      severity,
      node_id: nodeId,
      fault_id: faultId,
      sentence,
      cause: '',
      cause_id: null,
    });
  }

  #byName(name) {
    return this.#nodes.find((node) => `crdb-${node.id}` === name);
  }
  #openFault(name) {
    return this.#faults.find((fault) => fault.target === name && fault.ended_at_ms === null);
  }
}
