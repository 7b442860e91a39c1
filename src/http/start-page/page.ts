/** The page that the one-time link opens: makes the first administrator, and says where to go on. */

/** HTML in English and Chinese; what it does is in the script beside it. */
export const startPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>aiMindServe</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 34rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
label { display: block; margin: 1rem 0 0.25rem; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: 0.4rem 0.6rem; }
button { font: inherit; margin-top: 1.25rem; padding: 0.45rem 1.2rem; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid color-mix(in srgb, currentColor 30%, transparent); }
[hidden] { display: none; }
#problem { color: #c62828; }
</style>
<script src="/start.js" defer></script>
</head>
<body>
<h1>aiMindServe</h1>
<form id="setup" hidden>
<p data-zh="设置第一位管理员（或新密码）。此链接只能使用一次。">Set up the first administrator (or a new password). The link works once.</p>
<label for="name" data-zh="名称">Name</label>
<input id="name" autocomplete="username" required maxlength="64">
<label for="password" data-zh="密码">Password</label>
<input id="password" type="password" autocomplete="new-password" required>
<button data-zh="保存">Save</button>
<p id="problem" role="alert"></p>
</form>
<section id="done" hidden>
<p data-zh="完成。请在终端中登录：">Done. Sign in on a terminal:</p>
<pre id="command"></pre>
</section>
<section id="running">
<p data-zh="服务正在运行。">The server is running.</p>
<p><a href="/api/docs" data-zh="管理 API">Management API</a></p>
<pre id="example"></pre>
</section>
</body>
</html>
`;

/** Its script: reads the token behind \`#\`, which no server ever sees, and sends it once. */
export const startScript = `'use strict';
const find = (id) => document.getElementById(id);
if (/^zh/i.test(navigator.language)) {
  document.documentElement.lang = 'zh';
  for (const element of document.querySelectorAll('[data-zh]')) element.textContent = element.dataset.zh;
}
find('example').textContent = 'curl ' + location.origin + '/v1/models';
const token = /^#\\/setup\\?token=([\\w-]+)$/.exec(location.hash)?.[1];
if (token !== undefined) {
  find('running').hidden = true;
  find('setup').hidden = false;
  find('name').focus();
}
find('setup').addEventListener('submit', async (event) => {
  event.preventDefault();
  const name = find('name').value;
  const body = JSON.stringify({ token, name, password: find('password').value });
  const headers = { 'content-type': 'application/json' };
  const response = await fetch('/api/v1/setup', { method: 'POST', headers, body }).catch((error) => error);
  if (response.ok) {
    history.replaceState(null, '', '/');
    find('setup').hidden = true;
    find('command').textContent = 'aimindserve login ' + location.origin + ' --username ' + name;
    find('done').hidden = false;
    find('running').hidden = false;
    return;
  }
  const answer = response.json === undefined ? undefined : await response.json().catch(() => undefined);
  find('problem').textContent = answer?.error?.message ?? String(response);
});
`;
