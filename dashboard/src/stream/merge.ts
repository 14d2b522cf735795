import { isObject } from './conform';
import { conformance } from './decode';
import type { DeltaFrame, Node, Snapshot } from './types';

export type Merged = { snapshot: Snapshot } | { refused: string };

/**
 * RFC 7396, except that null stays: members of a snapshot are never optional, null in it means
 * unknown, and a patch can say "became unknown" only with null.
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, part] of Object.entries(patch)) merged[name] = mergePatch(merged[name], part);
  return merged;
}

/**
 * The snapshot after `delta`. Nodes that did not change keep their identity, so that only the cards
 * of those that did are rendered again. Checked again, as a valid patch can make an invalid whole.
 */
export function applyDelta(base: Snapshot, delta: DeltaFrame): Merged {
  const { nodes: ignored, ...set } = delta.set as Record<string, unknown>;
  void ignored;
  const top = mergePatch({ ...base, nodes: [] }, set) as Snapshot;
  for (const member of Object.keys(set)) {
    const refused = conformance.memberComplaint('Snapshot', member, top[member as keyof Snapshot]);
    if (refused) return { refused };
  }
  const byId = new Map<number, Node>(base.nodes.map((node) => [node.node_id, node]));
  for (const [key, patch] of Object.entries(delta.nodes)) {
    const id = Number(key);
    const node = mergePatch(byId.get(id), patch);
    const refused = conformance.complaint('Node', node);
    if (refused) return { refused };
    byId.set(id, node as Node);
  }
  for (const id of delta.removed_nodes) byId.delete(id);
  const nodes = [...byId.values()].sort((a, b) => a.node_id - b.node_id);
  return { snapshot: { ...top, seq: delta.seq, boot: delta.boot, nodes } };
}
