/** The page at `/api/docs`: every route with its input and output, as plain HTML without scripts. */

import { isObject } from '../../base/json.ts';
import { audienceOf } from './openapi.ts';
import { managementPrefix } from './register.ts';
import type { Route } from './route.ts';

const style = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); --soft: color-mix(in srgb, currentColor 65%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 13px/1.5 ui-monospace, monospace; } pre { overflow: auto; border: 1px solid var(--line); border-radius: 6px; padding: .75rem; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h2 small, .soft { color: var(--soft); font-weight: normal; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: .5rem .75rem; } summary { cursor: pointer; }
.method { display: inline-block; min-width: 4.5em; font-weight: 600; } table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }`;

/** Headings of the groups, by the first word of their paths; in English and Chinese. */
const headings: Readonly<Record<string, string>> = {
  setup: 'Setup <small>初始设置</small>',
  session: 'Signing in <small>登录</small>',
  me: 'Oneself <small>当前用户</small>',
  oidc: "The company's provider <small>单点登录</small>",
  users: 'Users <small>用户</small>',
  keys: 'API keys <small>API 密钥</small>',
  deployments: 'Deployments <small>部署</small>',
  estimates: 'Estimates <small>资源估算</small>',
  export: 'Export <small>导出</small>',
  import: 'Import <small>导入</small>',
  instances: 'Instances <small>实例</small>',
  workers: 'Workers <small>节点</small>',
  devices: 'Devices <small>设备</small>',
  downloads: 'Downloads <small>下载</small>',
  'model-files': 'Model files <small>模型文件</small>',
  hubs: 'Hubs <small>模型仓库</small>',
  catalogue: 'Catalogue <small>模型目录</small>',
  settings: 'Settings <small>设置</small>',
  audit: 'Audit <small>审计日志</small>',
  status: 'Status <small>状态</small>',
};

/** The whole page. */
export function docsPage(routes: readonly Route[], version: string): string {
  const groups = [...new Set(routes.map(groupOf))];
  const sections = groups.map((group) => {
    const items = routes.filter((route) => groupOf(route) === group).map(routeDetails);
    return `<h2 id="${escapeHtml(group)}">${headings[group] ?? escapeHtml(group)}</h2>\n${items.join('\n')}`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>aiMindServe management API</title><style>${style}</style></head><body>
<h1>Management API <small class="soft">管理接口</small></h1>
<p>aiMindServe ${escapeHtml(version)} · <a href="/api/openapi.json">OpenAPI 3.1</a></p>
<p>Send <code>Authorization: Bearer</code> with a key of the scope <code>management</code>, or sign in.
Lists take <code>page</code>, <code>perPage</code>, <code>search</code> and <code>sort</code>; where <code>watch</code> is offered,
<code>watch=true</code> answers with server-sent events. Edits honour <code>If-Match</code>. Errors name the field in <code>error.param</code>.</p>
<pre>curl -H "Authorization: Bearer $KEY" http://localhost:31512${managementPrefix}/deployments</pre>
${sections.join('\n')}
</body></html>
`;
}

function groupOf({ path }: Route): string {
  return path.split('/')[1] ?? '';
}

function routeDetails(route: Route): string {
  const { method, path, summary, status } = route;
  const answer = route.reply ?? route.replyType;
  const parts = [
    `<p class="soft">For ${audienceOf(route)}.</p>`,
    fieldTable('Path', { properties: route.params }),
    fieldTable('Query', { properties: route.query }),
    fieldTable('Body', route.body),
    `<p><b>Answer ${status}</b> ${typeof answer === 'string' ? escapeHtml(answer) : ''}</p>`,
    fieldTable('Fields', typeof answer === 'string' ? undefined : answer),
  ];
  return `<details><summary><span class="method">${method}</span> <code>${escapeHtml(managementPrefix + path)}</code> — ${escapeHtml(summary)}</summary>
${parts.join('')}</details>`;
}

function fieldTable(title: string, schema: unknown): string {
  const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {};
  const required = isObject(schema) && Array.isArray(schema['required']) ? schema['required'] : [];
  const rows = Object.entries(properties).map(
    ([name, field]) =>
      `<tr><td><code>${escapeHtml(name)}</code>${required.includes(name) ? ' *' : ''}</td><td>${escapeHtml(typeOf(field))}</td></tr>`,
  );
  return rows.length === 0 ? '' : `<table><tr><th colspan="2">${title}</th></tr>${rows.join('')}</table>`;
}

/** A schema in a few words. */
function typeOf(schema: unknown): string {
  if (!isObject(schema)) return 'anything';
  const { title, type, items } = schema;
  if (typeof title === 'string') return title;
  if (Array.isArray(schema['enum'])) return schema['enum'].map(String).join(' | ');
  if ('const' in schema) return String(schema['const']);
  if (Array.isArray(schema['anyOf'])) return schema['anyOf'].map(branchOf).join(' | ');
  if (type === 'array') return `list of ${typeOf(items)}`;
  return typeof type === 'string' ? type : 'anything';
}

/** A branch that is told apart by `kind` is called so. */
function branchOf(schema: unknown): string {
  const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {};
  const { kind } = properties;
  return isObject(kind) && typeof kind['const'] === 'string' ? kind['const'] : typeOf(schema);
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
