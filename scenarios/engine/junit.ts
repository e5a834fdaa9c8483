// The tour's results as JUnit XML, for CI systems and trainers' reports.
import type { ScenarioResult } from './scenario.ts';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };
const escaped = (text: string) =>
  text.replace(/[&<>"']/g, character => ESCAPES[character] ?? '').replace(/[^\t\n\r\x20-\ufffd]/g, '?');
const seconds = (ms: number) => (ms / 1000).toFixed(3);

export function toJUnit(results: ScenarioResult[]): string {
  const all = results.flatMap(({ steps }) => steps);
  const count = (status: string, steps = all) => steps.filter(step => step.status === status).length;
  const suites = results.map(({ scenario, title, ms, steps }) => {
    const cases = steps.map(step => {
      const head = `    <testcase classname="${escaped(scenario)}" name="${escaped(step.title)}" time="${seconds(step.ms)}"`;
      if (step.status === 'passed') return `${head}/>`;
      const body =
        step.status === 'skipped'
          ? `<skipped message="${escaped(step.detail)}"/>`
          : `<failure message="${escaped(step.detail)}"/>`;
      return `${head}>\n      ${body}\n    </testcase>`;
    });
    const counts = `tests="${steps.length}" failures="${count('failed', steps)}" skipped="${count('skipped', steps)}"`;
    return [`  <testsuite name="${escaped(title)}" ${counts} time="${seconds(ms)}">`, ...cases, '  </testsuite>'].join('\n');
  });
  const total = results.reduce((sum, { ms }) => sum + ms, 0);
  const counts = `tests="${all.length}" failures="${count('failed')}" skipped="${count('skipped')}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="daruma" ${counts} time="${seconds(total)}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}
