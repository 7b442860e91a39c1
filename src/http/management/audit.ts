/** What was changed, by whom and from where: kept in the store, and as lines for whoever collects logs. */

import { randomHex } from '../../base/clock.ts';
import type { AuditEntry } from '../../fleet/audit.ts';
import type { Caller } from '../../fleet/caller.ts';
import { appendAudit } from '../../store/audit.ts';
import type { Call, ChangeNote } from './route.ts';

/** Longest text of one field. */
const maxText = 2_000;

/** Writes an entry. The change is done by now, so a failure here is told to operators, not to the caller. */
export async function writeAudit(action: string, change: ChangeNote, call: Call): Promise<void> {
  const { world, requestId, address } = call;
  const entry: AuditEntry = {
    id: `aud_${randomHex(8)}`,
    atMs: world.clock.unixMs(),
    ...actorOf(change.actor ?? call.caller),
    action,
    targetId: change.targetId.slice(0, maxText),
    targetName: (change.targetName ?? '').slice(0, maxText),
    address,
    requestId,
    detail: (change.detail ?? '').slice(0, maxText),
  };
  try {
    world.auditLine(JSON.stringify(entry));
    await appendAudit(world.db, entry);
  } catch (thrown) {
    world.log.error({ requestId, err: thrown, action }, 'an entry of the audit log could not be kept');
  }
}

function actorOf(caller: Caller): Pick<AuditEntry, 'actorId' | 'actorName'> {
  switch (caller.kind) {
    case 'session':
      return { actorId: caller.user.id, actorName: caller.user.name };
    case 'key':
      return { actorId: caller.key.id, actorName: `${caller.owner.name} (key ${caller.key.name})` };
    case 'flag':
      return { actorId: 'flag', actorName: 'a key of the command line' };
    case 'local':
      return { actorId: 'local', actorName: 'nobody signed in' };
  }
}

/** The names of the fields in which two versions differ, one level down where both are objects; no values. */
export function changedFields(before: object, after: object): string {
  const names = new Set<string>();
  const [old, fresh] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  for (const name of new Set([...old.keys(), ...fresh.keys()]))
    if (JSON.stringify(old.get(name)) !== JSON.stringify(fresh.get(name))) names.add(name);
  return [...names].sort().join(', ');
}
