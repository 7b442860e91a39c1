import { describe, expect, it } from 'vitest';
import { Field } from './decode.ts';

describe('Field', () => {
  const body = new Field({ messages: [{ role: 'user', n: 3 }], stop: null });

  it('reads what is there', () => {
    expect(body.get('messages').items()[0]?.get('role').oneOf(['system', 'user'])).toBe('user');
    expect(body.get('stop').optional((field) => field.string())).toBeUndefined();
  });

  it('names the path, the expectation and what was found', () => {
    const message = body.get('messages').items()[0];
    expect(() => message?.get('n').string()).toThrow(
      expect.objectContaining({
        message: "Invalid type for 'messages[0].n': expected a string, but got a number.",
        detail: { param: 'messages[0].n' },
      }),
    );
    expect(() => message?.get('content').string()).toThrow(/Missing required parameter: 'messages\[0\].content'/);
    expect(() => message?.get('n').integer(5, 9)).toThrow(/'messages\[0\].n': must be between 5 and 9/);
    expect(() => new Field([]).object()).toThrow(/the body: expected an object, but got an array/);
  });
});
