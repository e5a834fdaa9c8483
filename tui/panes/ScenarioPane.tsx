// The scenario: what to reach, how to get there, and the checks as they stand now.
import { Box, Text } from 'ink';
import { markdownLines, plainLines } from '../model/markdown.ts';
import type { ScenarioView } from '../model/scenario-port.ts';
import { markOf, type SignSet } from '../model/signs.ts';

interface ScenarioPaneProps {
  scenario: ScenarioView | undefined;
  width: number;
  rows: number;
  /** First line of the text that is shown. */
  offset: number;
  signs: SignSet;
}

/** Of what a check has seen. */
const DETAIL_LINES = 2;

const PHASES: Record<ScenarioView['phase'], string> = {
  preparing: 'preparing this step …',
  waiting: '',
  solving: 'doing it for you …',
  solved: 'verified: enter goes on',
  finished: 'all scenarios are verified',
  failed: 'this step could not be prepared',
};

export function ScenarioPane({ scenario, width, rows, offset, signs }: ScenarioPaneProps) {
  if (!scenario) return <Text dimColor>no scenario is open</Text>;
  const { step, checks, hints, phase, message } = scenario;
  const checkLines = checks.flatMap(check => {
    const sign = markOf(check.ok ? 'done' : phase === 'waiting' || phase === 'solving' ? 'running' : 'open', signs);
    const title = (
      <Text key={check.title} wrap="truncate-end">
        <Text color={sign.colour}>{sign.glyph}</Text> {check.title}
      </Text>
    );
    if (check.ok || check.detail === '') return [title];
    const detail = plainLines(check.detail, width - 2).slice(0, DETAIL_LINES);
    return [
      title,
      ...detail.map((line, index) => (
        <Text key={`${check.title} ${index}`} dimColor wrap="truncate-end">
          {`  ${line}`}
        </Text>
      )),
    ];
  });
  const hintLines = hints.shown.flatMap(hint => markdownLines(`hint: ${hint}`, width));
  const goal = markdownLines(step.goal, width);
  const body = markdownLines(step.text, width);
  const state = [PHASES[phase], message].filter(Boolean).join(' ');
  const room = Math.max(2, rows - goal.length - checkLines.length - hintLines.length - (state === '' ? 0 : 1) - 4);
  const below = body.length - offset - room;
  return (
    <Box flexDirection="column" height={rows}>
      <Text dimColor wrap="truncate-end">
        Step {step.index + 1} of {step.count} · {step.title}
      </Text>
      {goal.map((line, index) => (
        <Text key={index} bold wrap="truncate-end">
          {line.map(piece => piece.text).join('')}
        </Text>
      ))}
      <Text> </Text>
      <Box flexDirection="column" height={room} overflow="hidden">
        {body.slice(offset, offset + room - (below > 0 ? 1 : 0)).map((line, index) => (
          <Text key={index} wrap="truncate">
            {line.length === 0
              ? ' '
              : line.map((piece, at) => (
                  <Text key={at} bold={piece.bold ?? false} {...(piece.code ? { color: 'cyan' } : {})}>
                    {piece.text}
                  </Text>
                ))}
          </Text>
        ))}
        {below > 0 ? <Text dimColor>{`↓ ${below + 1} more lines`}</Text> : null}
      </Box>
      <Text> </Text>
      {checkLines}
      {hintLines.map((line, index) => (
        <Text key={index} color="yellow" wrap="truncate">
          {line.map(piece => piece.text).join('')}
        </Text>
      ))}
      {state === '' ? null : (
        <Text
          wrap="truncate-end"
          color={phase === 'failed' || message !== '' ? 'red' : phase === 'solved' || phase === 'finished' ? 'green' : 'cyan'}
        >
          {state}
        </Text>
      )}
      <Text dimColor wrap="truncate-end">
        {phase === 'solved' ? 'enter next' : `h hint ${hints.shown.length}/${hints.total}  s do it`}
        {`  r reset  n skip${phase === 'solved' || width < 46 ? '' : '  < >'}`}
      </Text>
    </Box>
  );
}
