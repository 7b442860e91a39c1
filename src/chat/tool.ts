/** A tool as every room sees it: a name, a purpose and a JSON Schema. */

import type { Json } from '../base/json.ts';

/** A JSON Schema (draft-07 or 2020-12): an object or a boolean. */
export type JsonSchema = boolean | { readonly [keyword: string]: Json };

/** What the model may call. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  /** Always an object schema once decoded; `{ type: 'object', properties: {} }` when the caller gave none. */
  readonly parameters: JsonSchema;
  readonly strict?: boolean;
  /** Where the caller wrote its parameters, e.g. `tools[0].function.parameters`; for errors. */
  readonly path: string;
}

/** Whether and what the model must call; `allowed`: it sees all tools, but may call these only. */
export type ToolChoice =
  | { readonly type: 'auto'; readonly allowed?: readonly string[] }
  | { readonly type: 'none' }
  | { readonly type: 'required'; readonly allowed?: readonly string[] }
  | { readonly type: 'tool'; readonly name: string };
