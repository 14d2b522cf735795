export type Theme = 'auto' | 'light' | 'dark';
export type TimeStyle = 'clock' | 'ago';

const kThemes: Theme[] = ['auto', 'light', 'dark'];

/** What this browser remembers. A browser that refuses to store forgets on reload, nothing worse. */
export class Preferences {
  #theme = $state.raw<Theme>('auto');
  #timeStyle = $state.raw<TimeStyle>('clock');

  constructor() {
    const theme = read('theme');
    if (theme === 'light' || theme === 'dark') this.#theme = theme;
    if (read('time') === 'ago') this.#timeStyle = 'ago';
  }

  get theme(): Theme {
    return this.#theme;
  }
  get timeStyle(): TimeStyle {
    return this.#timeStyle;
  }

  nextTheme(): void {
    this.#theme = kThemes[(kThemes.indexOf(this.#theme) + 1) % kThemes.length] ?? 'auto';
    write('theme', this.#theme);
  }

  toggleTimeStyle(): void {
    this.#timeStyle = this.#timeStyle === 'clock' ? 'ago' : 'clock';
    write('time', this.#timeStyle);
  }
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(`faultline.${name}`);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`faultline.${name}`, value);
  } catch {
    // Storage may be forbidden or full; the choice then lasts until the page is left.
  }
}
