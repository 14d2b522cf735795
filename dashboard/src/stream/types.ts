// Generated from schema/stream.schema.json by `npm run types`. Do not edit.

/**
 * What faultline-exporter sends on /ws with subprotocol faultline.v1. Without a subprotocol each message is one bare Snapshot; GET /api/v1/state answers with a Snapshot. Times named *_ms are milliseconds since the Unix epoch. null means unknown, never zero. Readers ignore fields that they do not know.
 */
export type Frame = HelloFrame | SnapshotFrame | DeltaFrame | EventFrame | HeartbeatFrame;

/**
 * First frame after the upgrade; a snapshot follows as soon as there is one.
 */
export interface HelloFrame {
  v: 1;
  boot: string;
  seq: number;
  type: 'hello';
  /**
   * Program and version.
   */
  server: string;
  /**
   * The longest silence a client must expect; two of them missing means stale.
   */
  heartbeat_ms: number;
}
export interface SnapshotFrame {
  v: 1;
  boot: string;
  seq: number;
  type: 'snapshot';
  snapshot: Snapshot;
}
/**
 * The cluster at one instant. The names of the original design stay at the top level: nodes, ranges_total, ranges_unavailable, timestamp.
 */
export interface Snapshot {
  v: 1;
  boot: string;
  seq: number;
  /**
   * When this snapshot was put together, ms since the epoch.
   */
  timestamp: number;
  cluster: Cluster;
  verdict: Verdict;
  /**
   * Ranges in the cluster (crdb_internal.ranges_no_leases). null: never read.
   */
  ranges_total: number | null;
  /**
   * Ranges without quorum: the worst valid verdict. null: nobody knows.
   */
  ranges_unavailable: number | null;
  /**
   * Ranges with a voter on a node that is not up (computed), or the native sum when that is all there is.
   */
  ranges_underreplicated: number | null;
  /**
   * Sorted by node_id.
   */
  nodes: Node[];
  connectivity: Connectivity;
  sources: Source[];
  /**
   * Faults that chaosd holds now or ended in the last minute.
   */
  faults: Fault[];
  /**
   * Containers or processes that chaosd may touch, also those that match no node.
   */
  targets: Target[];
  ledger?: Ledger;
}
export interface Cluster {
  /**
   * crdb_internal.node_build_info ClusterID.
   */
  cluster_id: string | null;
  /**
   * crdb_version of the gateway's session.
   */
  version: string | null;
  /**
   * The version string says that this is crdbsim.
   */
  simulated: boolean;
  /**
   * Nodes known and not decommissioned.
   */
  nodes_expected: number;
  /**
   * Of these, nodes whose process answers and that no valid witness calls not live; a doubt younger than 15 s that would cost the quorum is not counted yet.
   */
  nodes_up: number;
}
export interface Verdict {
  /**
   * available: every range has quorum and all replicas; degraded: quorum everywhere, something missing; settling: a change too young to be judged; unavailable: at least one range without quorum; unreachable: no process answers; unknown: not enough read yet.
   */
  state: 'available' | 'degraded' | 'settling' | 'unavailable' | 'unreachable' | 'unknown';
  /**
   * For the headline, such as "Available, can lose 1 more node".
   */
  sentence: string;
  since_ms: number;
  /**
   * The largest n such that any n more nodes may go and every range keeps quorum. null: unknown.
   */
  can_lose_nodes: number | null;
  native: Opinion;
  computed: Opinion;
  probe: Opinion;
}
/**
 * One way of counting ranges without quorum. native: sum of the gauge ranges_unavailable over the nodes that are live in their own eyes; computed: cached range descriptors x nodes that are up; probe: whether the range that the probe writes to answers (off until it is switched on); it calls none unavailable only if computed agrees.
 */
export interface Opinion {
  valid: boolean;
  ranges_unavailable: number | null;
  /**
   * Why it is not valid; empty when it is.
   */
  reason: string;
  read_at_ms: number | null;
}
export interface Node {
  node_id: number;
  /**
   * Advertised RPC address, host:port.
   */
  address: string;
  sql_address: string;
  /**
   * host:port of /health and /_status/vars; null when unknown.
   */
  http_address: string | null;
  locality: string;
  /**
   * Build tag of the node.
   */
  version: string;
  started_at_ms: number | null;
  /**
   * gossip_nodes.is_live as the best witness sees it; null when there is no valid witness.
   */
  is_live: boolean | null;
  /**
   * Replicas on the node's stores.
   */
  ranges: number | null;
  /**
   * Ranges whose lease a store of this node holds.
   */
  leader_ranges: number | null;
  container_id: string | null;
  container_state:
    'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removed' | 'unknown';
  liveness: NodeLiveness;
  process: NodeProcess;
  container: NodeContainer;
  replication: NodeReplication;
  probe?: NodeProbe;
  connectivity: NodeConnectivity;
  /**
   * By store_id, from crdb_internal.kv_store_status (source kv_status); null when unknown, as while the key-value layer does not answer or the node has stopped writing.
   */
  stores: Store[] | null;
}
/**
 * The node as the cluster sees it, from the liveness records in gossip of the best witness.
 */
export interface NodeLiveness {
  state:
    'live' | 'suspect' | 'draining' | 'dead' | 'decommissioning' | 'decommissioned' | 'unknown';
  reason: string;
  since_ms: number | null;
  /**
   * What it becomes if nothing changes, such as dead; decommissioned has no time, it comes when the node's replicas are gone.
   */
  next_state: string | null;
  next_at_ms: number | null;
  epoch: number | null;
  expires_at_ms: number | null;
  /**
   * Who said so.
   */
  witness_node_id: number | null;
  read_at_ms: number | null;
  /**
   * What the two gateways that are asked say of it, when it is not the same, such as "n1 says live, n2 says suspect"; else empty. The state is the worse one.
   */
  disagreement: string;
  disagreement_since_ms: number | null;
}
/**
 * Whether the process answers the exporter itself (TCP to the SQL port, GET /health, GET /health?ready=1).
 */
export interface NodeProcess {
  /**
   * unresponsive: the kernel accepts, the process says nothing (paused, stalled); unreachable: refused or no route.
   */
  state: 'reachable' | 'unresponsive' | 'unreachable' | 'unknown';
  reason: string;
  /**
   * GET /health?ready=1 answered 200.
   */
  ready: boolean | null;
  since_ms: number | null;
  read_at_ms: number | null;
}
export interface NodeContainer {
  state: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removed' | 'unknown';
  /**
   * Target name in chaosd; null when no target matches the node.
   */
  name: string | null;
  since_ms: number | null;
  read_at_ms: number | null;
}
/**
 * The node's own gauges (/_status/vars). When valid is false the numbers are what it said last, and must not be shown as current.
 */
export interface NodeReplication {
  valid: boolean;
  reason: string;
  /**
   * liveness_livenodes; 0 when the node is not live in its own eyes.
   */
  live_nodes: number | null;
  /**
   * Gauge ranges: ranges that this node counts.
   */
  ranges_counted: number | null;
  ranges_unavailable: number | null;
  ranges_underreplicated: number | null;
  read_at_ms: number | null;
}
/**
 * What a client experiences through this node: SELECT 1, an UPSERT and a read every few hundred milliseconds, in a table of the probe's own. Off unless asked for (--collector.probe).
 */
export interface NodeProbe {
  /**
   * Probed in the last seconds.
   */
  valid: boolean;
  /**
   * Why it is not valid, or what the last failure said; empty when all is well.
   */
  reason: string;
  /**
   * The last SELECT 1 worked; null: never tried.
   */
  select_ok: boolean | null;
  write_ok: boolean | null;
  read_ok: boolean | null;
  /**
   * How long the last one that worked took.
   */
  select_ms: number | null;
  write_ms: number | null;
  read_ms: number | null;
  /**
   * null while all three work.
   */
  failing_since_ms: number | null;
  read_at_ms: number | null;
}
/**
 * One row of the matrix of who can see whom, from the node's own gauges of its connections (rpc_heartbeats_*, rpc_connection_*) and from round trips that it wrote down (kv_node_status.activity).
 */
export interface NodeConnectivity {
  /**
   * Peers that it has no working connection to; null when unknown.
   */
  peers_lost: number | null;
  /**
   * By node_id; in clusters of more than 16 nodes only the peers that are not connected.
   */
  peers: PeerLink[];
  /**
   * Which gauges; empty: none.
   */
  source: string;
  read_at_ms: number | null;
}
export interface PeerLink {
  node_id: number;
  /**
   * cut: both answer us and cannot see each other; down: the peer's process answers nobody; unknown: the gauges do not tell which peer it is.
   */
  state: 'connected' | 'cut' | 'down' | 'unknown';
  latency_ms: number | null;
}
export interface Store {
  store_id: number;
  /**
   * Replicas on the store.
   */
  ranges: number;
  leases: number;
  capacity_bytes: number;
  available_bytes: number;
  used_bytes: number;
}
/**
 * Which nodes cannot see each other, although each answers us: a partial partition stays green in every other gauge.
 */
export interface Connectivity {
  /**
   * Every node that answers has told about its connections, and what they tell fits together.
   */
  valid: boolean;
  /**
   * Why it is not valid; empty when it is.
   */
  reason: string;
  cuts: Cut[];
  /**
   * What has been cut for 10 s or longer, in words, such as "n2 and n4 cannot see each other"; else empty.
   */
  sentence: string;
}
export interface Cut {
  /**
   * @minItems 2
   * @maxItems 2
   */
  nodes: [number, number];
  since_ms: number;
}
export interface Source {
  name:
    | 'process'
    | 'metrics'
    | 'gossip'
    | 'placement'
    | 'containers'
    | 'kv_status'
    | 'cluster_log'
    | 'probe';
  /**
   * The last read succeeded.
   */
  ok: boolean;
  /**
   * One sentence; empty when ok.
   */
  error: string;
  /**
   * Who was asked last.
   */
  gateway: string | null;
  /**
   * Last good read.
   */
  read_at_ms: number | null;
  took_ms: number | null;
  /**
   * The last good read is older than the source's limit.
   */
  stale: boolean;
  /**
   * Why it is not asked at all at present, such as a cluster too big for it, or a key-value layer that does not answer; empty when it is asked.
   */
  off: string;
}
/**
 * As in chaos-api.yaml.
 */
export interface Fault {
  id: string;
  kind:
    | 'stop'
    | 'kill'
    | 'pause'
    | 'restart'
    | 'net.partition'
    | 'net.isolate'
    | 'net.loss'
    | 'net.latency'
    | 'net.bandwidth'
    | 'cpu.throttle'
    | 'memory.pressure'
    | 'disk.fill'
    | 'disk.slow'
    | 'disk.stall';
  state: 'queued' | 'injecting' | 'active' | 'reverting' | 'reverted' | 'failed' | 'revert_failed';
  /**
   * Name of the container or process.
   */
  target: string;
  /**
   * Its parameters, for people; left out when it has none.
   */
  detail?: string;
  node_id: number | null;
  /**
   * Why it is in this state.
   */
  reason: string;
  created_at_ms: number;
  active_at_ms: number | null;
  expires_at_ms: number;
  ended_at_ms: number | null;
  /**
   * Past its deadline and not undone.
   */
  overdue: boolean;
  /**
   * Which experiment of chaosd began it; left out when somebody asked for it alone. Runs and steps count from 1.
   */
  experiment?: {
    id: string;
    run: number;
    step: number;
  };
}
export interface Target {
  name: string;
  container_id: string;
  runtime: 'docker' | 'process';
  state: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removed' | 'unknown';
  state_since_ms: number | null;
  /**
   * host or host:port under which the node may advertise itself.
   */
  addresses: string[];
  node_id: number | null;
}
/**
 * What became of the probe's writes since the exporter's start; all null while it is off.
 */
export interface Ledger {
  on: boolean;
  /**
   * The database said yes.
   */
  acknowledged: number | null;
  /**
   * It said no.
   */
  refused: number | null;
  /**
   * It did not say (57014, 40003, 58C00, a broken connection): landed + absent + unresolved, and those that are not looked for (more than 32 of one node at once, or in a table that was dropped).
   */
  ambiguous: number | null;
  /**
   * Found by a later read.
   */
  landed: number | null;
  /**
   * Not there two minutes later.
   */
  absent: number | null;
  unresolved: number | null;
  /**
   * Acknowledged, and not found by a later read: must be 0.
   */
  lost: number | null;
  /**
   * Refused, and found all the same.
   */
  phantom: number | null;
}
/**
 * Turns the snapshot with seq == base_seq into the one with seq: `set` and each entry of `nodes` are merge patches (as RFC 7396, except that null is a value, unknown, and never takes a member away) of the top level and of the node with that id; nodes in `removed_nodes` go. A client whose snapshot is not base_seq sends {"type":"resync"} and gets a snapshot.
 */
export interface DeltaFrame {
  v: 1;
  boot: string;
  seq: number;
  type: 'delta';
  base_seq: number;
  /**
   * Merge patch of the top level, without nodes. Arrays are replaced whole.
   */
  set: {};
  /**
   * node_id as text -> merge patch of that node; an unknown id is a new node, whole.
   */
  nodes: {
    [k: string]: {};
  };
  removed_nodes: number[];
}
export interface EventFrame {
  v: 1;
  boot: string;
  seq: number;
  type: 'event';
  event: Event;
}
export interface Event {
  /**
   * Counts within one boot.
   */
  id: number;
  at_ms: number;
  /**
   * replica_change, range_change (system.rangelog) and node_log (system.eventlog): as the cluster wrote them down itself; their at_ms is the cluster's, and they may be told later than what happened after them. disagreement: two gateways say different things of a node. connectivity: which nodes cannot see each other.
   */
  kind:
    | 'container_state'
    | 'process_state'
    | 'liveness_state'
    | 'leases_moved'
    | 'verdict'
    | 'fault'
    | 'source'
    | 'node_joined'
    | 'node_removed'
    | 'replica_change'
    | 'range_change'
    | 'node_log'
    | 'disagreement'
    | 'connectivity';
  severity: 'info' | 'warning' | 'critical';
  node_id: number | null;
  /**
   * The fault that explains it.
   */
  fault_id: string | null;
  /**
   * For people, such as "n2 container exited".
   */
  sentence: string;
  /**
   * What explains it, in words, such as "kill of crdb-2" or "n2 container exited"; empty when nothing known does.
   */
  cause: string;
  /**
   * Id of the event that came before and explains it.
   */
  cause_id: number | null;
}
export interface HeartbeatFrame {
  v: 1;
  boot: string;
  seq: number;
  type: 'heartbeat';
  at_ms: number;
}
