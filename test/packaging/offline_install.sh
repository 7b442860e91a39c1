#!/bin/sh
# As a person on a machine without a network: unpacks and installs a bundle, serves, and asks the README's question.
#   sh offline_install.sh BUNDLE FOLDER
set -eu
bundle=$1
cd "$2"
HOME=$2/home
export HOME
mkdir "$HOME"
ip link set lo up 2>/dev/null || :
tar xf "$bundle"
sh aimindserve-bundle/install.sh --prefix "$2/prefix" --data-dir "$2/data"
PATH=$2/prefix/bin:$PATH
aimindserve serve --port 0 --data-dir "$2/data" >serve.out &
server=$!
trap 'kill $server 2>/dev/null || :' EXIT
until grep -q 'Ctrl-C' serve.out; do kill -0 $server && sleep 0.2; done
node --input-type=module - "$(sed -n 's/^ *Base URL *\([^ ]*\).*/\1/p' serve.out)" <<'EOF'
const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
const body = {
  model: 'aimindserve-nano',
  messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
  tools: [{ type: 'function', function: { name: 'get_weather', parameters } }],
};
const headers = { 'content-type': 'application/json' };
const answer = await fetch(`${process.argv[2]}/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) });
console.log(`answer: ${await answer.text()}`);
EOF
kill $server
wait $server && echo 'the server ended in order'
