/** What an installer gets of the server's environment: where programs and caches are, proxies and indexes, and no secret of ours. */

const passed =
  /^(PATH|HOME|USER|LANG|LC_ALL|TMPDIR|TEMP|TMP|SYSTEMROOT|XDG_CACHE_HOME|(HTTP|HTTPS|ALL|NO)_PROXY|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NETRC|PIP_\w+|UV_\w+)$/i;

/** Variables that would change which Python code runs, or where it is put, are left out though their names fit. */
const refused =
  /^(PIP_(TARGET|PREFIX|USER|ROOT|PYTHON|REQUIRE_VIRTUALENV)|UV_(PYTHON|PROJECT\w*|OVERRIDE|SYSTEM_PYTHON))$/i;

/** The environment of programs that install. */
export function installEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && passed.test(name) && !refused.test(name) ? [[name, value] as const] : [],
  );
  return { ...Object.fromEntries(kept), PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1', PYTHONNOUSERSITE: '1' };
}
