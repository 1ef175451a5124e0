// Performs a scenario on both programs and says in what their answers differ.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { divergences } from "./divergences.ts";
import { type Answer, exchange, fillIn, runCli, type Variables, valueAt } from "./exchange.ts";
import { difference, Names } from "./normalise.ts";
import type { Program } from "./program.ts";
import { type AwaitStep, type DuringStep, describeStep, type Scenario, type Step } from "./steps.ts";

export type Difference = { readonly where: string; readonly step: string; readonly lines: readonly string[] };

/** What one program said in each step; a step in the background adds one more text. */
type Told = { readonly step: string; readonly lines: readonly string[] }[];

const startedMillis = 300;
const settledMillis = 2_000;

/** Performs `scenario` on both at the same time. Deliberate differences are left out (docs/divergence.md). */
export async function compare(
  consul: Program,
  legate: Program,
  area: string,
  scenario: Scenario,
): Promise<Difference[]> {
  const [left, right] = await Promise.all([perform(consul, scenario), perform(legate, scenario)]);
  const where = `${area}/${scenario.name}`;
  const ended = [consul, legate].find((program) => program.hasEnded());
  if (ended !== undefined)
    throw new Error(`${ended.name} ended during ${where}: ${ended.output().slice(-2_000)}`);
  const found: Difference[] = [];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const step = left[at]?.step ?? right[at]?.step ?? "";
    const [a, b] = [withoutDeliberate(left[at]?.lines), withoutDeliberate(right[at]?.lines)];
    const lines = difference(a, b);
    // Where a handler of Consul crashes and hangs up there is nothing to be equal to.
    if (lines.length > 0 && !a.includes("status connection broken"))
      found.push({ where: `${where} #${at + 1}`, step, lines });
  }
  return found;
}

function withoutDeliberate(lines: readonly string[] = []): string[] {
  return lines
    .map((line) => divergences.reduce((text, { pattern, instead }) => text.replace(pattern, instead), line))
    .filter((line) => line !== "<deliberate>");
}

async function perform(program: Program, scenario: Scenario): Promise<Told> {
  const variables: Variables = new Map(Object.entries(program.variables));
  const names = new Names(program.variables, program.startIndex);
  const told: Told = [];
  for (const step of scenario.steps) await performStep(program, step, variables, names, told);
  return told;
}

async function performStep(
  program: Program,
  step: Step,
  variables: Variables,
  names: Names,
  told: Told,
): Promise<void> {
  const tell = (answer: Answer, ignore: readonly RegExp[] = [], extra: readonly string[] = []) => {
    names.begin(told.length + 1);
    const all = names.lines(answer, ignore);
    const lines = step.kind === "cli" ? withoutUsage(all) : all;
    const isUnordered = step.kind === "http" && step.unordered === true;
    told.push({ step: describeStep(step), lines: [...extra, ...(isUnordered ? inOneOrder(lines) : lines)] });
  };
  switch (step.kind) {
    case "pause":
      return sleep(step.millis);
    case "file":
      return writeFileSync(join(variables.get("tmp") ?? "", step.name), fillIn(step.text, variables));
    case "await":
      if (await awaitMatch(program, step, variables)) return;
      told.push({ step: describeStep(step), lines: ["never"] });
      return;
    case "during":
      return performDuring(program, step, variables, names, told);
    case "http":
    case "cli": {
      const answer =
        step.kind === "http"
          ? await exchange(program, step, variables)
          : await runCli(program, step, variables);
      for (const [name, place] of Object.entries(step.save ?? {}))
        variables.set(name, valueAt(answer, place));
      tell(answer, step.ignore);
    }
  }
}

/** The text of help is each program's own. */
function withoutUsage(lines: readonly string[]): string[] {
  const at = lines.findIndex((line) => line.startsWith("Usage:"));
  const said = (at < 0 ? lines : lines.slice(0, at)).filter((line) => !/" is no command$/.test(line));
  return said.filter((line) => line.trim() !== "");
}

/** The elements of a list, indented or in one line, sorted by their text. */
function inOneOrder(given: readonly string[]): string[] {
  const lines = given.flatMap((line) =>
    line.startsWith("[{") ? line.replaceAll("},{", "},\n    {").replace("[{", "    {").split("\n") : [line],
  );
  const elements: string[][] = [];
  const around: string[] = [];
  for (const line of lines) {
    if (/^ {4}\{/.test(line)) elements.push([line.replace(/\}[,\]]$/, "}")]);
    else if (/^ {4}/.test(line)) elements.at(-1)?.push(line.replace(/^ {4}\},$/, "    }"));
    else around.push(line);
  }
  const sorted = elements.map((element) => element.join("\n")).sort();
  return [...around, ...sorted.flatMap((element) => element.split("\n"))];
}

async function performDuring(
  program: Program,
  step: DuringStep,
  variables: Variables,
  names: Names,
  told: Told,
): Promise<void> {
  let isBack = false;
  const pending = exchange(program, step.background, variables).then((answer) => {
    isBack = true;
    return answer;
  });
  await sleep(startedMillis);
  let returned = isBack ? "at once" : "";
  for (const inner of step.steps) await performStep(program, inner, variables, names, told);
  if (returned === "") {
    await Promise.race([pending, sleep(settledMillis)]);
    returned = isBack ? "after the steps" : "when its wait was over";
  }
  const answer = await pending;
  for (const [name, place] of Object.entries(step.background.save ?? {}))
    variables.set(name, valueAt(answer, place));
  names.begin(told.length + 1);
  const lines = names.lines(answer, step.background.ignore ?? []);
  told.push({ step: describeStep(step), lines: [`returned ${returned}`, ...lines] });
}

async function awaitMatch(program: Program, step: AwaitStep, variables: Variables): Promise<boolean> {
  const until = Date.now() + step.limitMillis;
  for (;;) {
    const answer = await exchange(program, step.request, variables);
    const text = `${answer.status}\n${answer.headers.map((pair) => pair.join(": ")).join("\n")}\n${answer.body}`;
    if (step.matches.test(text)) return true;
    if (Date.now() > until) return false;
    await sleep(100);
  }
}

function sleep(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis));
}
