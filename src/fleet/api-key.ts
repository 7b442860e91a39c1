/** What programs show to be let in: scopes, models, limits; the secret exists only in the reply that creates it. */

import { type Static, Type } from 'typebox';
import type { UserId } from './user.ts';

/** Names a key; safe to show and to log. */
export type ApiKeyId = string & { readonly brand: 'ApiKeyId' };

const optionalCount = (maximum: number) => Type.Optional(Type.Integer({ minimum: 1, maximum }));

/** Bounds of one key; absent = unbounded. */
export const keyLimitsSchema = Type.Object(
  {
    requestsPerMinute: optionalCount(1_000_000),
    /** Prompt and answer together. */
    tokensPerMinute: optionalCount(1_000_000_000),
    concurrency: optionalCount(100_000),
    tokensPerDay: optionalCount(1_000_000_000_000),
    tokensPerMonth: optionalCount(1_000_000_000_000),
    tokensPerLifetime: optionalCount(1_000_000_000_000),
  },
  { additionalProperties: false },
);

/** Bounds of one key. */
export type KeyLimits = Static<typeof keyLimitsSchema>;

/** A path into a request's body (`request.messages[*].content`) or into calls' arguments (`arguments.customer.iban`). */
const maskPath = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^(?:request|arguments)(?:\\.[^.\\[\\]\\s*]+|\\.\\*|\\[(?:\\d{1,6}|\\*)\\])*$',
});

/** That requests of a key are kept whole; what the paths lead to is not. */
const captureSettingsSchema = Type.Object(
  { mask: Type.Optional(Type.Array(maskPath, { maxItems: 20, uniqueItems: true })) },
  { additionalProperties: false },
);

/** What a key opens: calling models, managing the platform. */
export type KeyScope = 'inference' | 'management';

/** What a person writes when they make or edit a key. */
export const apiKeySpecSchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    scopes: Type.Array(Type.Enum(['inference', 'management']), { minItems: 1, maxItems: 2, uniqueItems: true }),
    /** Unix seconds; absent = never. */
    expiresAt: Type.Optional(Type.Integer({ minimum: 0, maximum: 253_402_300_799 })),
    /** Names of models; absent = all. */
    allowedModels: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: 500 }),
    ),
    limits: keyLimitsSchema,
    /** Its requests are kept whole, for its owner and administrators; absent = they are not. */
    capture: Type.Optional(captureSettingsSchema),
  },
  { additionalProperties: false },
);

/** What a person says of a key. */
export type ApiKeySpec = Static<typeof apiKeySpecSchema>;

/** A key as it is kept; its hash is the store's affair. */
export interface ApiKey extends ApiKeySpec {
  readonly id: ApiKeyId;
  readonly ownerId: UserId;
  /** Its last four characters, to tell keys apart. */
  readonly hint: string;
  readonly createdAt: number;
  readonly lastUsedAt?: number;
  readonly revision: number;
}

/** What is taken where nothing is said. */
export const apiKeyDefaults = { scopes: ['inference'], limits: {} } as const satisfies Partial<ApiKeySpec>;
