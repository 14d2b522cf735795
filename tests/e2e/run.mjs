// The page in a real browser, through Caddy, on the programs that were built:
//   npm test                     build/release, or the folder in FAULTLINE_BUILD
//   npm test -- DIR [PATTERN]    another build; only the journeys whose name matches
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { journeys } from "./journeys.mjs";
import { Page } from "./lib/page.mjs";
import { Stage } from "./lib/stage.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const build = resolve(
  process.argv[2] ??
    process.env["FAULTLINE_BUILD"] ??
    resolve(root, "build/release"),
);
const pattern = new RegExp(process.argv[3] ?? ".", "i");
const pictures = resolve(root, "build/e2e");
await mkdir(pictures, { recursive: true });

let passed = 0;
const failed = [];
let stage;
let page;
try {
  stage = await Stage.start(build, resolve(pictures, "demo"));
  page = await Page.open(stage.url, pictures);
  for (const { name, run } of journeys.filter((one) =>
    pattern.test(one.name),
  )) {
    const began = Date.now();
    try {
      const note = await run(page, stage);
      passed += 1;
      console.log(
        `  ok    ${name} (${Date.now() - began} ms)${note ? `: ${note}` : ""}`,
      );
    } catch (error) {
      failed.push(name);
      console.log(`  FAIL  ${name}\n        ${error.stack ?? error}`);
      await page.picture(`failed-${failed.length}`).catch(() => {});
      // Each journey starts from a healthy cluster; give the next one a chance.
      page.outage = false;
      await fetch(`${stage.url}/api/chaos/v1/heal`, { method: "POST" }).catch(
        () => {},
      );
      await page.tab.reload();
    }
  }
} catch (error) {
  failed.push("the stage");
  console.log(`  FAIL  ${error.stack ?? error}`);
} finally {
  await page?.close();
  await stage?.end();
}
console.log(
  `\n Tests  ${passed} passed${failed.length > 0 ? ` | ${failed.length} failed` : ""}; pictures in ${pictures}`,
);
process.exit(failed.length > 0 || passed === 0 ? 1 : 0);
