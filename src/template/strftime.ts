/** Python's `strftime` for the directives that templates use, in English as Python prints it by default. */

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = 'January February March April May June July August September October November December'.split(' ');

const two = (value: number): string => String(value).padStart(2, '0');

const directives: Readonly<Record<string, (time: Date) => string>> = {
  '%': () => '%',
  Y: (time) => String(time.getFullYear()),
  y: (time) => two(time.getFullYear() % 100),
  m: (time) => two(time.getMonth() + 1),
  d: (time) => two(time.getDate()),
  e: (time) => String(time.getDate()).padStart(2, ' '),
  B: (time) => months[time.getMonth()] ?? '',
  b: (time) => (months[time.getMonth()] ?? '').slice(0, 3),
  A: (time) => days[time.getDay()] ?? '',
  a: (time) => (days[time.getDay()] ?? '').slice(0, 3),
  H: (time) => two(time.getHours()),
  I: (time) => two(time.getHours() % 12 || 12),
  p: (time) => (time.getHours() < 12 ? 'AM' : 'PM'),
  M: (time) => two(time.getMinutes()),
  S: (time) => two(time.getSeconds()),
  F: (time) => `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`,
  T: (time) => `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`,
};

/** `time` by `format`; a directive that is not known stays as it is. */
export function strftime(time: Date, format: string): string {
  return format.replace(/%-?([A-Za-z%])/g, (directive, letter: string) => {
    const print = Object.hasOwn(directives, letter) ? directives[letter] : undefined;
    if (print === undefined) return directive;
    return directive.startsWith('%-') ? print(time).replace(/^[0 ](?=.)/, '') : print(time);
  });
}
