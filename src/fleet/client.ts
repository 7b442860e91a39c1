/** A program that asks for answers, known by what it calls itself. */

/** What is known of one: how often it asked, and where it deviates from the protocol. */
export interface ClientRecord {
  /** Its product and version, e.g. `OpenAI/Python 1.30.1`. */
  readonly name: string;
  readonly requests: number;
  /** Unix seconds. */
  readonly firstSeenAt: number;
  /** Unix seconds. */
  readonly lastSeenAt: number;
  /** How many requests had each, by what was adapted or ignored for it. */
  readonly deviations: ReadonlyMap<string, number>;
}
