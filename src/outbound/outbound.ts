/** What the rest of the house needs of the outside: requests that a guard lets through, as one small interface. */

/** One request; times and sizes always have a bound. */
export interface OutboundRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For connecting and for the response's head; default 30 s. */
  readonly timeoutMs?: number;
  /** Between two pieces of the body; default 60 s. */
  readonly idleTimeoutMs?: number;
  /** Default and most: 5. Another origin gets neither credentials nor body. 0 = a redirect is the answer. */
  readonly maxRedirects?: number;
  readonly signal?: AbortSignal;
}

/** A response whose body has not been read yet; read it or cancel it. */
export interface OutboundResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where the body came from after redirects. */
  readonly url: string;
  readonly body: AsyncIterable<Uint8Array>;
  cancel(): void;
}

/** The one HTTP client to the outside: proxy, certificates, address guard, redirects. */
export interface Outbound {
  /**
   * Any status is an answer. Throws UnavailableError (`outbound_failed`) when there is none or the signal aborts, RequestError
   * when the guard refuses (`address_refused`) or the URL is none (`invalid_value`), `shutting_down` after `close`.
   */
  request(url: string, options?: OutboundRequest): Promise<OutboundResponse>;
  /** Ends what runs. */
  close(): Promise<void>;
}
