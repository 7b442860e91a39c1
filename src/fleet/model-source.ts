/** Where a deployment's weights come from. */

import { type Static, Type } from 'typebox';
import { Check } from 'typebox/schema';

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength });

/** The weights that come with the package. */
const bundledSource = Type.Object({ kind: Type.Literal('bundled') }, { additionalProperties: false });

/** A file or folder on the worker. */
const localSource = Type.Object({ kind: Type.Literal('local'), path: text(4_096) }, { additionalProperties: false });

/** One file anywhere. */
const urlSource = Type.Object(
  {
    kind: Type.Literal('url'),
    /** Without a name and password: whoever may see the deployment would see them. */
    url: Type.String({ minLength: 1, maxLength: 4_096, pattern: '^https?://[^\\s/?#@\\\\]+([/?#]|$)' }),
    sha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  },
  { additionalProperties: false },
);

/** A repository of a hub; `auto` takes the one that answers. */
const hubSource = Type.Object(
  {
    kind: Type.Literal('hub'),
    hub: Type.Enum(['auto', 'huggingface', 'modelscope']),
    repository: Type.String({ maxLength: 200, pattern: '^[\\w.-]+/[\\w.-]+$' }),
    revision: Type.Optional(text(200)),
    /** Which of its variants, e.g. `Q4_K_M`; absent = the usual choice. */
    quantisation: Type.Optional(text(40)),
    /** One file of it by its path; goes before `quantisation`. */
    file: Type.Optional(text(1_024)),
  },
  { additionalProperties: false },
);

/** A model of the catalogue by its name; becomes a hub source when it is deployed. */
const catalogueSource = Type.Object(
  { kind: Type.Literal('catalogue'), name: text(200), quantisation: Type.Optional(text(40)) },
  { additionalProperties: false },
);

/** A model that another server serves; the key it wants is kept apart, sealed. */
const remoteSource = Type.Object(
  {
    kind: Type.Literal('remote'),
    /** The base of its OpenAI-compatible interface, as its SDK is told it: usually ends in `/v1`. */
    url: Type.String({ minLength: 1, maxLength: 4_096, pattern: '^https?://[^\\s/?#@\\\\]+(/[^\\s?#]*)?$' }),
    /** What that server calls the model. */
    model: text(256),
  },
  { additionalProperties: false },
);

/** Any source, told apart by `kind`. */
export const modelSourceSchema = Type.Union([
  bundledSource,
  localSource,
  urlSource,
  hubSource,
  catalogueSource,
  remoteSource,
]);

/** Where weights come from. */
export type ModelSource = Static<typeof modelSourceSchema>;

/** Is it one, wherever it was read? */
export function isModelSource(value: unknown): value is ModelSource {
  return Check(modelSourceSchema, value);
}

/** A source in one line, as the command line spells it; of an address what comes before the query, which may be a secret. */
export function describeSource(source: ModelSource): string {
  switch (source.kind) {
    case 'bundled':
      return 'bundled';
    case 'local':
      return source.path;
    case 'url':
      return withoutQuery(source.url);
    case 'remote':
      return `${source.model} at ${source.url}`;
    case 'catalogue':
      return source.quantisation === undefined ? source.name : `${source.name}:${source.quantisation}`;
    case 'hub': {
      const prefix = { auto: '', huggingface: 'hf:', modelscope: 'ms:' }[source.hub];
      const variant = source.file ?? source.quantisation;
      return `${prefix}${source.repository}${variant === undefined ? '' : `:${variant}`}`;
    }
  }
}

/** The name a deployment gets when nobody gives one: the repository's or file's, lower case, without `-GGUF`. */
export function nameOfSource(source: ModelSource): string {
  const last =
    wholeName(source)
      .split(/[\\/]/)
      .findLast((part) => part !== '') ?? '';
  const bare = last
    .replace(/\.gguf$/i, '')
    .replace(/-\d{5}-of-\d{5}$/, '')
    .replace(/[-_.]gguf$/i, '');
  return (
    bare
      .toLowerCase()
      .replaceAll(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+/, '')
      .slice(0, 100) || 'model'
  );
}

function wholeName(source: ModelSource): string {
  switch (source.kind) {
    case 'bundled':
      return 'aimindserve-nano';
    case 'hub':
      return source.repository;
    case 'catalogue':
      return source.name;
    case 'local':
      return source.path;
    case 'remote':
      return source.model;
    case 'url':
      return withoutQuery(source.url);
  }
}

function withoutQuery(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? '';
}
