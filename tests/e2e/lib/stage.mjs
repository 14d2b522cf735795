// The programs under test: started by stage.py, spoken to line by line.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const kStartMs = 60_000;

export class Stage {
  #child;
  #answers;
  url = "";
  exporter = "";

  static async start(build, directory) {
    const stage = new Stage();
    const script = fileURLToPath(new URL("../stage.py", import.meta.url));
    stage.#child = spawn("/usr/bin/python3", [script, build, directory], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    stage.#answers = createInterface({ input: stage.#child.stdout })[
      Symbol.asyncIterator
    ]();
    const timer = setTimeout(() => stage.#child.stdin.end(), kStartMs);
    Object.assign(stage, await stage.#answer());
    clearTimeout(timer);
    return stage;
  }

  async #answer() {
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("the stage ended; its words are above");
    return JSON.parse(value);
  }

  async #tell(line) {
    this.#child.stdin.write(`${line}\n`);
    return (await this.#answer()).pid;
  }

  pid(name) {
    return this.#tell(`pid ${name}`);
  }
  /** Node ids are dealt out in the order of joining, so the name of the process does not tell. */
  async pidOfNode(id) {
    const { targets } = await this.state();
    return this.pid(targets.find((target) => target.node_id === id).name);
  }
  kill(name) {
    return this.#tell(`kill ${name}`);
  }
  restart(name) {
    return this.#tell(`start ${name}`);
  }

  /** What the exporter says, asked directly: the page is compared with it. */
  async state() {
    return (await fetch(`${this.exporter}/api/v1/state`)).json();
  }

  async end() {
    this.#child.stdin.end();
    if (this.#child.exitCode === null)
      await new Promise((resolve) => this.#child.once("exit", resolve));
  }
}

/** A zombie waits only for its parent to look: it is gone. */
export function isGone(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .split(") ")
      .at(-1)
      .startsWith("Z");
  } catch {
    return true;
  }
}

/** The instant, on the clock that the browser has as well. */
export async function whenGone(pid, withinMs = 10_000) {
  const end = Date.now() + withinMs;
  while (!isGone(pid)) {
    if (Date.now() > end)
      throw new Error(`process ${pid} is still there after ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return Date.now();
}

export async function until(what, check, withinMs = 10_000) {
  const end = Date.now() + withinMs;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
