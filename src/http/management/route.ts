/** A route of the management API as data: who may, what goes in, what comes out, and what it does. */

import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
import { Bug, RequestError } from '../../base/errors.ts';
import { isObject } from '../../base/json.ts';
import type { Caller } from '../../fleet/caller.ts';
import type { Action } from '../../fleet/permissions.ts';
import type { UserId } from '../../fleet/user.ts';
import type { Visitor } from '../accounts/accounts.ts';
import { checkInput } from './check-input.ts';
import type { Result } from './result.ts';
import type { World } from './world.ts';

/** The methods that routes use. */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** What was changed, for the audit log; never a secret. */
export interface ChangeNote {
  readonly targetId: string;
  readonly targetName?: string;
  /** The fields that changed, or the change in a few words. */
  readonly detail?: string;
  /** Who did it, where the request itself is what made them known. */
  readonly actor?: Caller;
}

/** Everything a handler may know of a request besides its input. */
export interface Call {
  readonly world: World;
  readonly caller: Caller;
  /** The client's address. */
  readonly address: string;
  /** What accounts need to know of whoever signs in. */
  readonly visitor: Visitor;
  readonly requestId: string;
  /** What stands after the `?`, unread. */
  readonly queryText: string;
  /** Aborts when the client leaves or the server stops. */
  readonly signal: AbortSignal;
  /** From `If-Match`; absent = whatever it is. */
  readonly expectedRevision: number | undefined;
  may(action: Action, owner?: UserId): boolean;
  /** Who is asking, looked up anew; for answers that last. */
  callerNow(): Promise<Caller>;
  /** Says what the audit log shall tell of this change. */
  note(change: ChangeNote): void;
}

/** What a route is made of before its types are erased. */
interface RouteDraft<Params extends TProperties, Query extends TProperties, Body extends TSchema> {
  readonly method: Method;
  /** Below `/api/v1`; parameters as `:name`. */
  readonly path: `/${string}`;
  /** `open` = also to those who show nothing: signing in itself. */
  readonly action: Action | 'open';
  readonly summary: string;
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Any query will do; the handler reads its text itself. */
  readonly takesAnyQuery?: boolean;
  /** The body may be YAML too. */
  readonly takesYaml?: boolean;
  /** Absent = an empty answer, 204. */
  readonly reply?: TSchema;
  /** The reply's type where it is not JSON. */
  readonly replyType?: string;
  /** Default 200, or 204 without a reply. */
  readonly status?: number;
  /** What the audit log calls the changes that the handler notes; absent = changes nothing. */
  readonly audit?: string;
  handler(input: RouteInput<Params, Query, Body>, call: Call): Result | Promise<Result>;
}

/** What a handler is given, already checked. */
interface RouteInput<Params extends TProperties, Query extends TProperties, Body extends TSchema> {
  readonly params: Static<TObject<Params>>;
  readonly query: Static<TObject<Query>>;
  readonly body: Static<Body>;
}

/** A request's parts as they came. */
export interface RawInput {
  readonly params: unknown;
  readonly query: unknown;
  /** Parsed; undefined = there was none. */
  readonly body: unknown;
}

/** A route whose types only its own handler knows. */
export interface Route extends Omit<RouteDraft<TProperties, TProperties, TSchema>, 'handler'> {
  readonly params: TProperties;
  readonly query: TProperties;
  readonly status: number;
  /** Checks the input and handles it. */
  run(raw: RawInput, call: Call): Promise<Result>;
}

const nothing = Type.Object({}, { additionalProperties: false });

/** Makes a route of its description. */
export function defineRoute<
  Params extends TProperties = Record<never, never>,
  Query extends TProperties = Record<never, never>,
  Body extends TSchema = typeof nothing,
>(draft: RouteDraft<Params, Query, Body>): Route {
  const { params, query, body, handler, ...facts } = draft;
  return {
    ...facts,
    params: params ?? {},
    query: query ?? {},
    ...(body !== undefined && { body }),
    status: draft.status ?? (draft.reply === undefined && draft.replyType === undefined ? 204 : 200),
    async run(raw, call) {
      const input = {
        params: checkFields(params, raw.params),
        query: checkFields(query, draft.takesAnyQuery ? {} : readQuery(raw.query, query ?? {})),
        body: checkBody(body, raw.body === undefined ? {} : raw.body),
      };
      return await handler(input, call);
    },
  };
}

function checkFields<Fields extends TProperties>(fields: Fields | undefined, value: unknown): Static<TObject<Fields>> {
  const schema = Type.Object(fields ?? {}, { additionalProperties: false });
  // The router's objects have no prototype and may hold what only the router knows.
  const plain: unknown = { ...checkInput(schema, value) };
  if (isChecked<Fields>(plain)) return plain;
  throw new Bug('checked fields are not an object');
}

/** Says to the compiler what `checkInput` found out for the very same fields. */
function isChecked<Fields extends TProperties>(value: unknown): value is Static<TObject<Fields>> {
  return isObject(value);
}

function checkBody<Body extends TSchema>(schema: Body | undefined, value: unknown): Static<Body> {
  if (schema !== undefined) return checkInput(schema, value);
  const empty: unknown = checkInput(nothing, value);
  if (isUnsaid<Body>(empty)) return empty;
  throw new Bug('an empty body is not an object');
}

function isUnsaid<Body extends TSchema>(value: unknown): value is Static<Body> {
  return isObject(value);
}

/** Texts of a query as what their schema says; a name without a value counts as true. */
function readQuery(query: unknown, schemas: TProperties): Record<string, unknown> {
  const entries = Object.entries(isObject(query) ? query : {});
  return Object.fromEntries(entries.map(([name, value]) => [name, readText(name, value, { ...schemas[name] })]));
}

function readText(name: string, value: unknown, schema: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value))
    throw new RequestError('invalid_value', `'${name}' is given ${value.length} times.`, { param: name });
  if (schema['type'] === 'integer' && typeof value === 'string' && /^-?\d{1,15}$/.test(value)) return Number(value);
  if (schema['type'] === 'boolean') {
    if (value === 'true' || value === '1' || value === '') return true;
    if (value === 'false' || value === '0') return false;
  }
  return value;
}
