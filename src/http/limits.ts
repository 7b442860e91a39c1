/** The sizes and times that keep one client from harming the others. */

/** All in bytes and milliseconds. */
export interface HttpLimits {
  /** Bodies beyond this are refused. */
  readonly bodyBytes: number;
  /** How long a client may take to send its whole request. */
  readonly requestMs: number;
  /** A stream's headers go out after this time at the latest. */
  readonly headersAfterMs: number;
  /** A silent stream says that it is alive this often. */
  readonly keepAliveMs: number;
  /** A client that takes nothing for so long is dropped. */
  readonly stallMs: number;
}

/** What suits a server for a few people. */
export const defaultLimits: HttpLimits = {
  bodyBytes: 32 * 1024 * 1024,
  requestMs: 120_000,
  headersAfterMs: 3_000,
  keepAliveMs: 10_000,
  stallMs: 60_000,
};
