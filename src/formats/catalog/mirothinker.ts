/** MiroThinker: MCP in tags: server, tool, arguments. */

import { defineFormat } from '../define-format.ts';
import { gap, jsonArgs, many, name, seq, text } from '../syntax.ts';

/** The format of `<use_mcp_tool>`; the server is the only one we offer. */
export const mirothinker = defineFormat({
  name: 'mirothinker',
  kind: 'native',
  source: 'miromind-ai/MiroThinker-v1.0-8B chat template',
  models: 'MiroThinker',
  detect: { template: ['<use_mcp_tool>', '<server_name>'], names: ['mirothinker'] },
  calls: many(
    seq(
      '<use_mcp_tool>',
      gap('\n'),
      text('<server_name>tools</server_name>', ''),
      gap('\n'),
      '<tool_name>',
      name('</tool_name>'),
      gap('\n'),
      '<arguments>',
      gap('\n'),
      jsonArgs(),
      gap('\n'),
      '</arguments>',
      gap('\n'),
      '</use_mcp_tool>',
    ),
    '\n',
  ),
  lead: '\n',
  example:
    '<use_mcp_tool>\n<server_name>tools</server_name>\n<tool_name>get_weather</tool_name>\n<arguments>\n{"city": "Oslo"}\n</arguments>\n</use_mcp_tool>',
  reasoning: { open: '<think>', close: '</think>' },
});
