/** The chat templates that a checkpoint brings along. */

import { isObject } from '../../base/json.ts';
import { readJson, readText } from './read-json.ts';

/** Jinja texts; absent = none. */
export interface ChatTemplates {
  readonly usual?: string;
  /** For conversations with tools, where the usual one knows none. */
  readonly forTools?: string;
}

/** A file of its own wins over the settings (the tokenizer_config.json), as in transformers; a list has templates by name. */
export function readChatTemplates(folder: string, settings: Readonly<Record<string, unknown>>): ChatTemplates {
  const template: unknown =
    readText(folder, 'chat_template.jinja') ??
    readJson(folder, 'chat_template.json')?.['chat_template'] ??
    settings['chat_template'];
  const named = (wanted: string): unknown =>
    Array.isArray(template)
      ? template.find((item: unknown) => isObject(item) && item['name'] === wanted)?.['template']
      : undefined;
  const usual = named('default') ?? template;
  const forTools = named('tool_use') ?? readText(folder, 'additional_chat_templates/tool_use.jinja');
  return { ...(typeof usual === 'string' && { usual }), ...(typeof forTools === 'string' && { forTools }) };
}
