// The browser and the words in which the tests speak of the page.
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { until } from "./stage.mjs";

const kArguments = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const kRules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/** What the browser itself writes when a program is away on purpose. */
const kOutage =
  /WebSocket connection to .* failed|Failed to load resource: the server responded with a status of 50\d/;
/** The browser also notes each fault that chaosd refuses until its plan is accepted: the page asks then. */
const kRefused =
  /Failed to load resource: the server responded with a status of 409/;

export class Page {
  #context;
  #profile;
  #pictures;
  complaints = [];
  /** While a program is dead on purpose, failed connections are no complaint. */
  outage = false;

  static async open(url, pictures) {
    const page = new Page();
    page.#pictures = pictures;
    page.#profile = await mkdtemp(join(tmpdir(), "faultline-e2e-"));
    const executablePath = [
      "/usr/bin/chromium",
      "/usr/bin/chromium-browser",
    ].find(existsSync);
    page.#context = await chromium.launchPersistentContext(page.#profile, {
      executablePath,
      args: kArguments,
      headless: true,
      viewport: { width: 1440, height: 1000 },
    });
    page.tab = page.#context.pages()[0] ?? (await page.#context.newPage());
    page.#listen();
    await page.tab.goto(url);
    return page;
  }

  #listen() {
    this.tab.on("pageerror", (error) =>
      this.complaints.push(`error: ${error.message}`),
    );
    this.tab.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      if (kRefused.test(message.text())) return;
      if (this.outage && kOutage.test(message.text())) return;
      this.complaints.push(`console: ${message.text()}`);
    });
  }

  card(id) {
    return this.tab.getByTestId(`node-n${id}`);
  }
  part(id, part) {
    return this.card(id).getByTestId(part);
  }
  button(name) {
    return this.tab.getByRole("button", { name, exact: true });
  }
  get faults() {
    return this.tab.getByRole("region", { name: "Active faults" });
  }
  get headline() {
    return this.tab.getByTestId("verdict");
  }

  async text(locator) {
    return ((await locator.textContent()) ?? "").replace(/\s+/g, " ").trim();
  }
  word(id) {
    return this.text(this.part(id, "word"));
  }
  async number(id, name) {
    return Number(
      (await this.text(this.part(id, `reading-${name}`))).replace(
        /[^\d]/g,
        "",
      ) || NaN,
    );
  }

  until(what, check, withinMs) {
    return until(what, check, withinMs);
  }
  untilWord(id, word, withinMs) {
    return until(
      `the card of n${id} says ${word}`,
      async () => (await this.word(id)) === word,
      withinMs,
    );
  }

  /** Remembers when the card of this node first says one of `words`; read it with `changedAt`. */
  async watchWord(id, words) {
    await this.part(id, "word").evaluate(
      (element, [key, wanted]) => {
        window.seen ??= {};
        delete window.seen[key];
        new MutationObserver(() => {
          if (wanted.includes(element.textContent))
            window.seen[key] ??= Date.now();
        }).observe(element, {
          characterData: true,
          childList: true,
          subtree: true,
        });
      },
      [`n${id}`, words],
    );
  }
  changedAt(id) {
    return until(`the card of n${id} changes`, () =>
      this.tab.evaluate((key) => window.seen?.[key], `n${id}`),
    );
  }

  async setDuration(id, seconds) {
    await this.tab
      .getByRole("combobox", { name: `How long a fault on n${id} lasts` })
      .selectOption(String(seconds));
  }

  /** Presses, and says yes when the page asks first. Answers what it asked, or null. */
  async act(action, id, seconds = 300) {
    if (action !== "Start") await this.setDuration(id, seconds);
    await this.button(`${action} n${id}`).click();
    const dialog = this.tab.getByRole("dialog");
    if (!(await dialog.isVisible())) return null;
    const asked = await this.text(dialog.locator("p"));
    await dialog.getByRole("button", { name: `${action} n${id}` }).click();
    return asked;
  }

  async picture(name) {
    await this.tab.evaluate(() => scrollTo(0, 0));
    await this.tab.screenshot({
      path: join(this.#pictures, `${name}.png`),
      fullPage: true,
    });
  }

  /** Empty when axe finds nothing, in both colour schemes. */
  async axeFindings(name) {
    const found = [];
    for (const colorScheme of ["dark", "light"]) {
      await this.tab.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page: this.tab })
        .withTags(kRules)
        .analyze();
      found.push(
        ...violations.map(
          (one) => `${colorScheme}: ${one.id}: ${one.nodes[0].html}`,
        ),
      );
      await this.picture(`${name}-${colorScheme}`);
    }
    return found;
  }

  async close() {
    await this.#context.close();
    await rm(this.#profile, { recursive: true, force: true });
  }
}
