/** Signing in at the company's provider: OpenID Connect's code flow with PKCE, state and nonce. */

import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  calculatePKCECodeChallenge,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  type IDToken,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { Clock } from '../../base/clock.ts';
import { AuthError, ConfigError, UnavailableError } from '../../base/errors.ts';
import type { Outbound } from '../../outbound/outbound.ts';
import type { Visitor } from './accounts.ts';
import { writeCookie } from './cookie.ts';
import { isLoopbackUrl, toProviderError } from './oidc-error.ts';
import { readTrip, type Trip, tripCookieName, tripSeconds, writeTrip } from './oidc-trip.ts';
import { createOutboundFetch } from './outbound-fetch.ts';
import type { SecretHash } from './secret-hash.ts';

/** How the provider is set up. */
export interface OidcSettings {
  /** `https://…`; on this machine `http://` too. */
  readonly issuer: string;
  readonly clientId: string;
  /** Absent = a public client, held by PKCE alone. */
  readonly clientSecret?: string;
  /** Where browsers find this server; absent = whatever address they used. */
  readonly publicUrl?: string;
  /** What the button says. */
  readonly label: string;
  /** The claim that lists a person's groups. */
  readonly groupsClaim: string;
  /** Members are administrators; none = roles are kept here. */
  readonly adminGroups: readonly string[];
  /** Members may sign in, beside administrators; none = everybody may. */
  readonly userGroups: readonly string[];
}

/** What the provider stands on. */
export interface OidcParts {
  readonly settings: OidcSettings;
  readonly outbound: Outbound;
  readonly hash: SecretHash;
  readonly clock: Clock;
}

/** What the provider says of a person; `subject` names them for good. */
export interface Claims {
  readonly subject: string;
  readonly all: Readonly<Record<string, unknown>>;
}

const callbackPath = '/api/v1/oidc/callback';
/** Endpoints may move. */
const rediscoverMs = 3_600_000;
const timeoutSeconds = 10;

/** The company's provider. */
export class OidcProvider {
  readonly #parts: OidcParts;
  readonly #issuer: URL;
  #known: { readonly configuration: Configuration; readonly atMs: number } | undefined;

  /** Throws ConfigError on an issuer that passwords should not be entrusted to. */
  constructor(parts: OidcParts) {
    this.#parts = parts;
    this.#issuer = checkIssuer(parts.settings.issuer);
  }

  /** Where to send a browser, and the cookie by which it is known when it is back. */
  async begin(visitor: Visitor): Promise<{ readonly location: string; readonly cookie: string }> {
    const { settings, hash, clock } = this.#parts;
    const configuration = await this.#configuration();
    const trip: Trip = {
      state: randomState(),
      nonce: randomNonce(),
      verifier: randomPKCECodeVerifier(),
      redirectUri: addressOf(settings, visitor) + callbackPath,
      expiresAt: clock.unixSeconds() + tripSeconds,
    };
    const location = buildAuthorizationUrl(configuration, {
      redirect_uri: trip.redirectUri,
      scope: 'openid profile email',
      state: trip.state,
      nonce: trip.nonce,
      code_challenge: await calculatePKCECodeChallenge(trip.verifier),
      code_challenge_method: 'S256',
    });
    const value = writeTrip(trip, hash);
    const { isSecure } = visitor;
    // Lax: the provider's page sends the browser back here, and the cookie must come along.
    const cookie = { name: tripCookieName, value, maxAgeSeconds: tripSeconds, sameSite: 'Lax', isSecure } as const;
    return { location: location.href, cookie: writeCookie(cookie) };
  }

  /** Whom the provider sent back. */
  async claimsOf(query: string, visitor: Visitor): Promise<Claims> {
    const { hash, clock } = this.#parts;
    const trip = readTrip(visitor.headers.cookie, { hash, now: clock.unixSeconds() });
    if (trip === undefined)
      throw new AuthError('unauthenticated', 'This sign-in began elsewhere, or too long ago; begin again.');
    const configuration = await this.#configuration();
    try {
      const tokens = await authorizationCodeGrant(configuration, new URL(`${trip.redirectUri}?${query}`), {
        expectedState: trip.state,
        expectedNonce: trip.nonce,
        pkceCodeVerifier: trip.verifier,
        idTokenExpected: true,
      });
      return await this.#allClaims(configuration, { token: tokens.access_token, claims: tokens.claims() });
    } catch (thrown) {
      throw toProviderError(thrown, this.#issuer);
    }
  }

  /** Some providers tell groups only when asked a second time. */
  async #allClaims(
    configuration: Configuration,
    { token, claims }: { readonly token: string; readonly claims: IDToken | undefined },
  ): Promise<Claims> {
    if (claims === undefined) throw new UnavailableError('outbound_failed', 'The provider sent no ID token.');
    const { groupsClaim } = this.#parts.settings;
    const hasMore = configuration.serverMetadata().userinfo_endpoint !== undefined;
    const more =
      claims[groupsClaim] === undefined && hasMore ? await fetchUserInfo(configuration, token, claims.sub) : {};
    return { subject: `${claims.iss}\n${claims.sub}`, all: { ...more, ...claims } };
  }

  async #configuration(): Promise<Configuration> {
    const nowMs = this.#parts.clock.nowMs();
    if (this.#known !== undefined && nowMs - this.#known.atMs < rediscoverMs) return this.#known.configuration;
    const { settings, outbound } = this.#parts;
    const isPlain = this.#issuer.protocol === 'http:';
    try {
      const configuration = await discovery(this.#issuer, settings.clientId, settings.clientSecret, undefined, {
        [customFetch]: createOutboundFetch(outbound),
        timeout: timeoutSeconds,
        execute: [enableNonRepudiationChecks, ...(isPlain ? [allowInsecureRequests] : [])],
      });
      this.#known = { configuration, atMs: nowMs };
      return configuration;
    } catch (thrown) {
      throw toProviderError(thrown, this.#issuer);
    }
  }
}

function checkIssuer(issuer: string): URL {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackUrl(url))) return url;
  throw new ConfigError('invalid_config', `The issuer '${issuer}' must be an https:// address.`);
}

function addressOf({ publicUrl }: OidcSettings, { headers, isSecure }: Visitor): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, '');
  return `${isSecure ? 'https' : 'http'}://${headers.host ?? 'localhost'}`;
}
