import Fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { startPage, startScript } from './page.ts';
import { startRoutes } from './routes.ts';

describe('the start page', () => {
  it('is served with a policy that lets only its own script run', async () => {
    const app = Fastify();
    startRoutes(app);
    const page = await app.inject('/');
    expect(page).toMatchObject({ statusCode: 200, body: startPage });
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect(startPage).not.toMatch(/<script(?! src="\/start\.js" defer><\/script>)|\son\w+=/);
    const script = await app.inject('/start.js');
    expect(script.headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect((await app.inject({ method: 'POST', url: '/' })).statusCode).toBeGreaterThanOrEqual(400);
  });

  it('has a script that is one, and an element for everything that it looks for', () => {
    expect(() => new Function(startScript)).not.toThrow();
    const wanted = [...startScript.matchAll(/find\('(\w+)'\)/g)].map(([, id]) => `id="${id}"`);
    expect(wanted.filter((id) => !startPage.includes(id))).toEqual([]);
  });
});
