/** What a probe found out about a model's tool calls, kept per weights, format and engine version. */

/** One request of the probe and how it went. */
export interface ProbeStep {
  readonly name: 'call' | 'no-call' | 'parallel' | 'round-trip' | 'required';
  readonly isOk: boolean;
  /** What was asked, what came, in short; for people. */
  readonly transcript: string;
}

/** `proven` = the probe saw it; `failed` = it saw it fail; `expected` = known of this template, not seen yet. */
export interface ToolVerdict {
  readonly verdict: 'proven' | 'failed' | 'expected';
  readonly format: string;
  /** Names the weights and the template in use; empty where nothing was probed. */
  readonly weights: string;
  readonly engine: string;
  readonly steps: readonly ProbeStep[];
  /** Unix seconds. */
  readonly at: number;
}
