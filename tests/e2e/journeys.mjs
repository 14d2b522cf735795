// What a person does with the page. Each journey starts from and leaves a healthy cluster.
import { strict as assert } from "node:assert";
import { until, whenGone } from "./lib/stage.mjs";

const kAllIds = [1, 2, 3, 4, 5];
const kChangeMsMax = 1_000;
/** Liveness records hold for up to 9 s; leases and replicas settle after that. */
const kSettleMs = 60_000;

async function healthy(page) {
  for (const id of kAllIds) await page.untilWord(id, "Live", kSettleMs);
  await page.until(
    "the cluster is available",
    async () =>
      (await page.headline.getAttribute("data-state")) === "available",
    2 * kSettleMs,
  );
  await page.until(
    "no fault is open",
    async () => (await page.faults.count()) === 0,
  );
}

async function noFindings(page, name) {
  assert.deepEqual(await page.axeFindings(name), []);
}

/** Acts, and answers how long after the process was gone the card had changed. */
async function loseProcess(page, stage, action, id) {
  const pid = await stage.pidOfNode(id);
  assert.ok(pid, `n${id} runs`);
  await page.watchWord(id, ["Down", "Unreachable", "Suspect", "Draining"]);
  const gone = whenGone(pid, 60_000);
  await page.act(action, id);
  const took = (await page.changedAt(id)) - (await gone);
  return { pid, took };
}

export const journeys = [];
const journey = (name, run) => journeys.push({ name, run });

journey(
  "the page shows five live nodes, says that they are simulated, and has nothing to complain of",
  async (page) => {
    await healthy(page);
    assert.equal(await page.tab.locator("article").count(), 5);
    assert.match(
      await page.text(page.tab.getByTestId("simulated")),
      /not CockroachDB/,
    );
    assert.match(await page.text(page.headline), /available/i);
    assert.match(await page.tab.title(), /^● Available/);
    assert.equal(
      await page.tab.locator("#favicon").getAttribute("href"),
      "/ok.svg",
    );
    for (const id of kAllIds) {
      assert.equal(await page.text(page.part(id, "state-liveness")), "live");
      assert.equal(
        await page.text(page.part(id, "state-process")),
        "reachable",
      );
      assert.equal(
        await page.text(page.part(id, "state-container")),
        "running",
      );
      await page.until(
        `n${id} has ranges`,
        async () => (await page.number(id, "ranges")) > 0,
        kSettleMs,
      );
    }
    await noFindings(page, "healthy");
    assert.deepEqual(page.complaints, []);
  },
);

journey(
  "killing node 2 turns its card within a second, others take its leases, and Start brings it back",
  async (page, stage) => {
    await healthy(page);
    const leases = async () =>
      Promise.all(kAllIds.map((id) => page.number(id, "leaseholders")));
    await page.until(
      "every node holds leases",
      async () => (await leases()).every((one) => one > 0),
      kSettleMs,
    );
    const before = await leases();
    const { pid, took } = await loseProcess(page, stage, "Kill", 2);
    assert.ok(
      took < kChangeMsMax,
      `the card changed ${took} ms after the process was gone`,
    );
    assert.equal(await page.word(2), "Down");
    assert.match(
      await page.text(page.faults),
      /Kill n2 (starting|back in [0-5]:\d\d)/,
    );

    await until(
      "the cluster says suspect",
      async () => (await stage.state()).nodes[1].liveness.state === "suspect",
      20_000,
    );
    await page.until(
      "the card says suspect",
      async () =>
        /^suspect/.test(await page.text(page.part(2, "state-liveness"))),
      1_000,
    );
    await page.until(
      "n2 holds no lease",
      async () =>
        (await page.text(page.part(2, "reading-leaseholders"))) === "0",
      kSettleMs,
    );
    const sum = (list) => list.reduce((a, b) => a + b, 0) - list[1];
    await page.until(
      "others hold more",
      async () => sum(await leases()) > sum(before),
      kSettleMs,
    );
    await noFindings(page, "one-killed");
    const spare = await page.tab.evaluate(
      () =>
        document.documentElement.scrollHeight -
        Math.max(
          innerHeight,
          document.querySelector("main").getBoundingClientRect().bottom +
            scrollY,
        ),
    );
    assert.ok(spare <= 1, `nothing hidden stretches the page (${spare} px)`);
    assert.match(
      await page.text(
        page.tab.getByRole("region", { name: "Events", exact: true }),
      ),
      /n2/,
    );

    await page.act("Start", 2);
    await page.untilWord(2, "Live", kSettleMs);
    assert.notEqual(await stage.pidOfNode(2), pid);
    await healthy(page);
    return `card changed ${took} ms after the process was gone`;
  },
);

journey(
  "a paused node is told apart from a dead one, and Start resumes it",
  async (page, stage) => {
    await healthy(page);
    const pid = await stage.pidOfNode(3);
    await page.act("Pause", 3);
    await page.untilWord(3, "Paused", 5_000);
    await page.until(
      "the process says nothing",
      async () =>
        (await page.text(page.part(3, "state-process"))) === "unresponsive",
      15_000,
    );
    assert.equal(await page.text(page.part(3, "state-container")), "paused");
    assert.match(
      (await page.button("Kill n3").getAttribute("title")) ?? "",
      /pause is open on n3/,
    );
    await page.picture("one-paused");
    await page.act("Start", 3);
    await page.untilWord(3, "Live", kSettleMs);
    assert.equal(await stage.pidOfNode(3), pid, "it is the same process");
    await healthy(page);
  },
);

journey(
  "a stopped node gives its leases away before it goes, and the card waits for it",
  async (page, stage) => {
    await healthy(page);
    const { took } = await loseProcess(page, stage, "Stop", 4);
    await page.untilWord(4, "Down", 45_000);
    await page.until(
      "nothing is pending",
      async () => (await page.part(4, "pending").count()) === 0,
      5_000,
    );
    assert.equal(await page.part(4, "error").count(), 0);
    assert.ok(
      took < kChangeMsMax,
      `the card changed ${took} ms after the process was gone`,
    );
    await page.act("Start", 4);
    await healthy(page);
  },
);

journey("a fault ends by itself after the chosen time", async (page) => {
  await healthy(page);
  await page.act("Kill", 5, 15);
  await page.untilWord(5, "Down", 5_000);
  await page.until(
    "the countdown runs",
    async () => /Kill n5 back in 0:0\d/.test(await page.text(page.faults)),
    15_000,
  );
  await page.untilWord(5, "Live", kSettleMs);
  await healthy(page);
});

journey(
  "losing quorum is asked first, told in words, and healed by one button",
  async (page, stage) => {
    await healthy(page);
    await page.act("Kill", 1);
    await page.untilWord(1, "Down", 5_000);
    await page.act("Kill", 2);
    await page.untilWord(2, "Down", 5_000);
    await page.button("Kill n3").click();
    const dialog = page.tab.getByRole("dialog", { name: "Kill n3?" });
    await dialog.waitFor();
    assert.match(
      await page.text(dialog),
      /Only 2 of 5 nodes would be left, fewer than the majority of 3/,
    );
    await page.picture("question");
    await page.tab.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
    assert.equal(await page.word(3), "Live", "Escape did nothing to it");
    assert.match((await page.act("Kill", 3)) ?? "", /becomes unavailable/);
    await page.until(
      "the headline says unavailable",
      async () =>
        (await page.headline.getAttribute("data-state")) === "unavailable",
      kSettleMs,
    );
    assert.match(await page.text(page.headline), /without quorum|unavailable/i);
    assert.match(
      await page.text(page.tab.getByRole("alert").last()),
      /without quorum|unavailable/i,
    );
    assert.match(await page.tab.title(), /^■ Unavailable/);
    assert.equal(
      await page.tab.locator("#favicon").getAttribute("href"),
      "/bad.svg",
    );
    assert.ok((await stage.state()).ranges_unavailable > 0);
    await noFindings(page, "quorum-lost");
    await page.tab.setViewportSize({ width: 390, height: 844 });
    await page.picture("phone");
    const wide = await page.tab.evaluate(
      () => document.documentElement.scrollWidth,
    );
    await page.tab.setViewportSize({ width: 1440, height: 1000 });
    assert.ok(wide <= 390, `nothing sticks out of a phone (${wide} px)`);
    await page.button("Heal everything").click();
    await healthy(page);
  },
);

journey(
  "without the exporter the page says that it is stale, and is live again when it is back",
  async (page, stage) => {
    await healthy(page);
    const connection = page.tab.getByTestId("connection");
    page.outage = true;
    await stage.kill("exporter");
    await page.until(
      "the page is stale",
      async () => (await connection.getAttribute("data-stale")) === "true",
      5_000,
    );
    assert.match(await page.text(page.headline), /^Last known: /);
    assert.match(await page.tab.title(), /^○ Stale/);
    assert.match(
      await page.text(connection),
      /Reconnecting in \d+ s|Connecting/,
    );
    assert.equal(
      await page.button("Kill n1").getAttribute("aria-disabled"),
      "true",
    );
    await noFindings(page, "stale");
    await stage.restart("exporter");
    await page.until(
      "the page is live",
      async () => (await connection.getAttribute("data-phase")) === "live",
      30_000,
    );
    page.outage = false;
    await healthy(page);
    assert.equal(await connection.getAttribute("data-stale"), "false");
  },
);

journey(
  "without chaosd the page is read-only and says so, until it is back",
  async (page, stage) => {
    await healthy(page);
    const note = page.tab.getByTestId("read-only");
    page.outage = true;
    await stage.kill("chaosd");
    await page.until(
      "the note is there",
      async () => (await note.count()) === 1,
      15_000,
    );
    assert.match(await page.text(note), /chaosd does not answer/);
    assert.equal(
      await page.button("Kill n1").getAttribute("aria-disabled"),
      "true",
    );
    assert.equal(
      await page.text(page.part(1, "state-liveness")),
      "live",
      "the cluster is still seen",
    );
    await page.picture("read-only");
    await stage.restart("chaosd");
    await page.until(
      "the note is gone",
      async () => (await note.count()) === 0,
      30_000,
    );
    page.outage = false;
    await healthy(page);
  },
);

journey(
  "everything works from the keyboard, and the choice of colours stays after a reload",
  async (page) => {
    await healthy(page);
    await page.button("Pause n4").focus();
    await page.tab.keyboard.press("Enter");
    await page.untilWord(4, "Paused", 5_000);
    assert.equal(
      await page.tab.evaluate(() =>
        document.activeElement?.getAttribute("aria-label"),
      ),
      "Pause n4",
      "the focus stays",
    );
    await page.tab.keyboard.press("Tab");
    assert.equal(
      await page.tab.evaluate(() =>
        document.activeElement?.getAttribute("aria-label"),
      ),
      "Start n4",
    );
    await page.tab.keyboard.press("Enter");
    await page.untilWord(4, "Live", kSettleMs);
    const colours = page.tab.getByRole("button", { name: /^Colours/ });
    await colours.press("Enter");
    await colours.press("Enter");
    await page.tab.reload();
    await healthy(page);
    assert.equal(
      await page.tab.evaluate(() => document.documentElement.dataset.theme),
      "dark",
    );
    await colours.press("Enter");
  },
);

journey(
  "through all of it the browser had nothing to complain of: no error, no policy violation",
  async (page) => {
    assert.deepEqual(page.complaints, []);
  },
);
