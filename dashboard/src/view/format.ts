const kSecond = 1_000;
const kMinute = 60 * kSecond;
const kHour = 60 * kMinute;
const kDay = 24 * kHour;

const number = new Intl.NumberFormat('en');
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const dayAndClock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** For what nobody knows. Never 0. */
export const kUnknown = '–';

export function count(value: number | null): string {
  return value === null ? kUnknown : number.format(value);
}

/** "3 s", "2 min 5 s", "1 h 4 min": two units at most, whole seconds, never negative. */
export function duration(ms: number): string {
  const rest = Math.max(0, ms);
  if (rest < kMinute) return `${Math.floor(rest / kSecond)} s`;
  if (rest < kHour) return two(rest, kMinute, 'min', kSecond, 's');
  if (rest < kDay) return two(rest, kHour, 'h', kMinute, 'min');
  return two(rest, kDay, 'd', kHour, 'h');
}

function two(
  ms: number,
  large: number,
  largeName: string,
  small: number,
  smallName: string,
): string {
  const remainder = Math.floor((ms % large) / small);
  const head = `${Math.floor(ms / large)} ${largeName}`;
  return remainder === 0 ? head : `${head} ${remainder} ${smallName}`;
}

/** "21 min": the largest unit only, where there is little room. */
export function roughly(ms: number): string {
  return duration(ms).split(' ').slice(0, 2).join(' ');
}

/** "0:42", "4:59": rounded up, so that it reaches 0:00 when the time is over, not before. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / kSecond));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

export function ago(ms: number): string {
  return ms < kSecond ? 'just now' : `${duration(ms)} ago`;
}

export function timeOfDay(atMs: number): string {
  return clock.format(atMs);
}

export function dateAndTime(atMs: number): string {
  return dayAndClock.format(atMs);
}

export function plural(amount: number, one: string, many = `${one}s`): string {
  return `${count(amount)} ${amount === 1 ? one : many}`;
}
