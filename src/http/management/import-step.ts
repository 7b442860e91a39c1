/** One thing that an import makes or replaces. */

/** What shall be, beside what is there; nothing is done before `apply`. */
export interface ImportStep {
  readonly name: string;
  /** Of what is there; absent = it is new. */
  readonly id?: string;
  /** What differs, in words; empty = nothing to do. */
  readonly fields: string;
  /** Does it, and says how to take it back. */
  apply(): Promise<() => Promise<unknown>>;
}

/** Must something be done? */
export function isChange({ id, fields }: ImportStep): boolean {
  return id === undefined || fields !== '';
}
