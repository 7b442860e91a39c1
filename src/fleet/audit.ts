/** Who changed what, when and from where. */

/** One change, written once and never edited. */
export interface AuditEntry {
  readonly id: string;
  /** Unix milliseconds. */
  readonly atMs: number;
  /** A user's id, a key's id, or `local`. */
  readonly actorId: string;
  /** Their name at that time. */
  readonly actorName: string;
  /** What was done, e.g. `deployment.create`. */
  readonly action: string;
  /** The thing it was done to. */
  readonly targetId: string;
  readonly targetName: string;
  /** The client's address. */
  readonly address: string;
  readonly requestId: string;
  /** The fields that changed, without secrets. */
  readonly detail: string;
}
