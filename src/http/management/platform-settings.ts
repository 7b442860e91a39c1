/** Settings that administrators change while the server runs; secrets go in and never come out. */

import { type Static, Type } from 'typebox';

const httpUrl = Type.String({ maxLength: 500, pattern: '^https?://[^\\s?#@]+$' });

/** What can be set. */
export const platformSettingsSchema = Type.Object(
  {
    /** Where Hugging Face is asked, e.g. a mirror; absent = the environment's or its own address. */
    huggingfaceEndpoint: Type.Optional(httpUrl),
    modelscopeEndpoint: Type.Optional(httpUrl),
    /** Hosts that may be fetched from though their addresses are private. */
    allowedHosts: Type.Array(Type.String({ minLength: 1, maxLength: 253, pattern: '^[A-Za-z0-9.:_\\[\\]-]+$' }), {
      maxItems: 200,
      uniqueItems: true,
    }),
    /** Folders under which models and files of deployments may lie. */
    pathRoots: Type.Array(Type.String({ minLength: 1, maxLength: 4_096, pattern: '^(/|[A-Za-z]:[\\\\/])' }), {
      maxItems: 100,
      uniqueItems: true,
    }),
  },
  { additionalProperties: false, title: 'Settings' },
);

/** What can be set. */
export type PlatformSettingsValue = Static<typeof platformSettingsSchema>;

/** The secrets that can be set. */
export const secretNames = ['huggingface-token', 'modelscope-token'] as const;

/** A secret that can be set. */
export type SecretName = (typeof secretNames)[number];

/** What may be shown of a secret. */
export interface SecretFact {
  readonly name: string;
  /** Its last four characters. */
  readonly hint: string;
  /** Unix seconds. */
  readonly updatedAt: number;
}

/** Keeps them. What it was told it uses at once. */
export interface PlatformSettings {
  read(): Promise<{ readonly settings: PlatformSettingsValue; readonly revision: number }>;
  /** Throws RequestError `changed_meanwhile` where the revision moved on. */
  write(settings: PlatformSettingsValue, expectedRevision?: number): Promise<number>;
  secrets(): Promise<readonly SecretFact[]>;
  saveSecret(name: SecretName, value: string): Promise<void>;
  /** false = there was none. */
  deleteSecret(name: SecretName): Promise<boolean>;
  /** Folders under which local files may lie: those set, and the server's own. */
  pathRoots(): Promise<readonly string[]>;
}
