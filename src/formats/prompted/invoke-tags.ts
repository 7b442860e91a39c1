/** Invocations with named parameters in tags: strings need no escapes, so that code fits. */

import { invocations } from '../shapes.ts';
import { definePrompted } from './define-prompted.ts';

/** The format of `<function_calls>` and `<invoke name=…>`. */
export const invokeTags = definePrompted({
  name: 'invoke-tags',
  source: "Anthropic's documentation of prompted tool use; DeepSeek V3.2 and MiniMax M2 are its relatives",
  calls: invocations('function_calls'),
  lead: '\n',
  example:
    '<function_calls>\n<invoke name="get_weather">\n<parameter name="city">Oslo</parameter>\n</invoke>\n</function_calls>',
  how: {
    en: 'To call a tool, write an invocation like this one (strings as they are, everything else as JSON), and then stop:',
    zh: '需要调用工具时，按下面的格式书写（字符串照写，其他值用 JSON），然后停止：',
  },
  several: {
    en: 'For several calls, write several invocations in the block.',
    zh: '需要多次调用时，在块中写多个 invoke。',
  },
  results: { role: 'user', open: '<tool_response>\n', close: '\n</tool_response>', separator: '\n' },
});
