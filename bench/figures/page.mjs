// usage: page.mjs BUILD DIRECTORY ROUNDS. Kills a node of the demo from outside and looks when its card says so; the
// last line of stdout is JSON. Both instants are of this machine's one clock, in whole milliseconds.
import { Page } from '../../tests/e2e/lib/page.mjs';
import { Stage } from '../../tests/e2e/lib/stage.mjs';

const [build, directory, rounds] = process.argv.slice(2);
const page_ms = [];
const stage = await Stage.start(build, `${directory}/demo`);
let page;
try {
  page = await Page.open(stage.url, directory);
  for (let round = 0; round < Number(rounds); round += 1) {
    await page.untilWord(2, 'Live', 90_000);
    const pid = await stage.pidOfNode(2);
    await page.watchWord(2, ['Down', 'Unreachable', 'Suspect']);
    // From the signal, a little before the process is gone: on a busy machine that instant is seen late.
    const killed = Date.now();
    process.kill(pid, 'SIGKILL');
    page_ms.push((await page.changedAt(2)) - killed);
    await page.untilWord(2, 'Down', 10_000);
    await page.act('Start', 2);
  }
} finally {
  await page?.close();
  await stage.end();
}
console.log(JSON.stringify({ page_ms }));
