/** Tools as real servers offer them: a few parameters each, some with a choice of values, some nested. */

const things = [
  'invoice',
  'ticket',
  'calendar_event',
  'repository',
  'contact',
  'playlist',
  'sensor',
  'booking',
  'file',
  'order',
];
const verbs = ['create', 'update', 'list', 'search', 'delete', 'archive', 'share', 'export', 'get', 'assign'];
const text = (description) => ({ type: 'string', description });
const period = {
  type: 'object',
  properties: { from: { type: 'string', format: 'date' }, to: { type: 'string', format: 'date' } },
  required: ['from'],
  additionalProperties: false,
};

/** This many tools, all different. */
export function makeTools(count) {
  return Array.from({ length: count }, (_, index) => {
    const name = `${verbs[index % 10]}_${things[Math.floor(index / 10) % 10]}${index < 100 ? '' : `_${Math.floor(index / 100)}`}`;
    const properties = {
      id: text('Identifier'),
      status: { type: 'string', enum: ['open', 'waiting', 'closed', `state_${index}`] },
      limit: { type: 'integer', minimum: 1, maximum: 50 + index },
      tags: { type: 'array', items: { type: 'string', maxLength: 40 }, maxItems: 8 },
      period,
      note: { anyOf: [text('A note'), { type: 'null' }] },
      urgent: { type: 'boolean' },
    };
    const kept = Object.fromEntries(Object.entries(properties).filter((_, at) => (index + at) % 7 > 1));
    const parameters = { type: 'object', properties: kept, required: Object.keys(kept).slice(0, 2) };
    return { name, description: `${name.replaceAll('_', ' ')}, as the user asks`, parameters, path: `tools[${index}]` };
  });
}

/** What a format is asked where any of these tools may be called. */
export const askFor = (tools) => ({
  ...{ tools, choice: { type: 'auto' }, parallel: true, messages: [], promptEnd: 'text', language: 'en' },
});
