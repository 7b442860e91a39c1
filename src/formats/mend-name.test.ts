import { describe, expect, it } from 'vitest';
import { mendName } from './mend-name.ts';

const declared = ['get_weather', 'get_time', 'Search', 'send-mail', '查天气', 'list_all_the_files'];

describe('mendName', () => {
  it.each([
    ['Get_Weather', 'get_weather', 'name-case'],
    ['getWeather', 'get_weather', 'name-separators'],
    ['send mail', 'send-mail', 'name-separators'],
    ['functions.get_time', 'get_time', 'name-namespace'],
    ['default_api:search', 'Search', 'name-namespace'],
    ['tools__getWeather', 'get_weather', 'name-namespace'],
    ['tool.查天气', '查天气', 'name-namespace'],
    ['get_wether', 'get_weather', 'name-spelling'],
    ['get_waether', 'get_weather', 'name-spelling'],
    ['list_al_the_fils', 'list_all_the_files', 'name-spelling'],
  ])('%s is %s', (written, name, rule) => {
    expect(mendName(written, declared)).toEqual({ name, rule });
  });

  it.each(['get_weather', 'rm_rf', '', 'get', 'tame', 'get_weathers_now', '...', 'x'.repeat(1000)])(
    'leaves %s alone',
    (written) => expect(mendName(written, declared)).toBeUndefined(),
  );

  it('never guesses between two', () => {
    expect(mendName('read-file', ['read_file', 'readFile'])).toBeUndefined();
    expect(mendName('read_fils', ['read_file', 'read_fill'])).toBeUndefined();
  });
});
