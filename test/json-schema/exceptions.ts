/** Where grammar or validator differ from the official suite, each with the reason; one that no test needs any more fails. */

/** Tests by file (a folder ends in `/`), group and description; what is left out stands for all. */
export interface Exception {
  readonly draft?: 'draft-07' | '2020-12';
  readonly file: string;
  readonly group?: string;
  readonly test?: string;
  readonly reason: string;
}

const remote = 'remote documents are out of reach: never fetched, refused by name';
const byValue = 'what is evaluated depends on the value: the grammar writes what is declared only';
const dynamic = '$dynamicRef with several targets is checked, not enforced: the grammar writes what is declared only';
const fraction = 'integers are written without a fraction';
const leap = 'the grammar writes no leap seconds';

/** All of them. */
export const exceptions: readonly Exception[] = [
  { file: 'refRemote', reason: remote },
  { file: 'optional/cross-draft', reason: remote },
  { file: 'ref', group: 'remote ref, containing refs itself', reason: 'what the meta-schema demands is listed only' },
  { draft: 'draft-07', file: 'definitions', reason: 'what the meta-schema demands is listed only' },
  { draft: '2020-12', file: 'defs', reason: 'what the meta-schema demands is listed only' },
  {
    draft: 'draft-07',
    file: 'ref',
    group: 'ref overrides any sibling keywords',
    reason: 'siblings of $ref count, as since 2019',
  },
  {
    draft: 'draft-07',
    file: 'ref',
    group: '$ref prevents a sibling $id from changing the base uri',
    reason: 'siblings of $ref count, as since 2019',
  },
  {
    draft: '2020-12',
    file: 'dynamicRef',
    group: 'strict-tree schema, guards against misspelled properties',
    reason: remote,
  },
  {
    draft: '2020-12',
    file: 'dynamicRef',
    group: 'tests for implementation dynamic anchor and reference link',
    reason: remote,
  },
  {
    draft: '2020-12',
    file: 'dynamicRef',
    group: '$ref and $dynamicAnchor are independent of order - $defs first',
    reason: remote,
  },
  {
    draft: '2020-12',
    file: 'dynamicRef',
    group: '$ref and $dynamicAnchor are independent of order - $ref first',
    reason: remote,
  },
  { draft: '2020-12', file: 'dynamicRef', group: '$ref to $dynamicRef finds detached $dynamicAnchor', reason: remote },
  { draft: '2020-12', file: 'unevaluatedItems', group: 'unevaluatedItems with $dynamicRef', reason: dynamic },
  { draft: '2020-12', file: 'unevaluatedProperties', group: 'unevaluatedProperties with $dynamicRef', reason: dynamic },
  {
    draft: '2020-12',
    file: 'unevaluatedItems',
    group: 'unevaluatedItems depends on adjacent contains',
    reason: byValue,
  },
  { draft: '2020-12', file: 'unevaluatedProperties', group: 'unevaluatedProperties with anyOf', reason: byValue },
  { draft: '2020-12', file: 'vocabulary', reason: 'every vocabulary counts, whatever the meta-schema says' },
  { draft: '2020-12', file: 'format', reason: 'formats are demands, not annotations' },
  { file: 'const', reason: fraction },
  { file: 'enum', reason: fraction },
  { file: 'type', test: 'a float with zero fractional part is an integer', reason: fraction },
  { file: 'optional/bignum', reason: 'the grammar writes at most 32 digits' },
  { file: 'optional/float-overflow', reason: 'multiples are not decided beyond the range of doubles' },
  { draft: 'draft-07', file: 'optional/content', reason: 'contents in strings are annotations' },
  { file: 'optional/format/idn-hostname', reason: 'idn-hostname is listed and not checked' },
  { file: 'optional/format/date-time', reason: leap },
  { file: 'optional/format/time', reason: leap },
  {
    file: 'optional/format/hostname',
    test: 'a valid punycoded IDN hostname',
    reason: 'the grammar writes no encoded labels',
  },
  { file: 'optional/format/hostname', test: 'maximum label length', reason: 'the grammar writes labels of 41 letters' },
  {
    draft: '2020-12',
    file: 'optional/format/email',
    reason: 'the grammar writes no quoted names and no addresses of machines',
  },
];
