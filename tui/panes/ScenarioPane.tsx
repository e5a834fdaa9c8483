// The scenario: where the learner stands, what to do now, and whether it is done; the check is live.
import { Box, Text } from 'ink';
import { markdownLines } from '../model/markdown.ts';
import type { ScenarioView } from '../model/scenario-port.ts';
import { markOf, type SignSet } from '../model/signs.ts';

interface ScenarioPaneProps {
  scenario: ScenarioView | undefined;
  hintsShown: number;
  width: number;
  rows: number;
  offset: number;
  signs: SignSet;
}

export function ScenarioPane({ scenario, hintsShown, width, rows, offset, signs }: ScenarioPaneProps) {
  if (!scenario) return <Text dimColor>no scenario is open</Text>;
  const current = scenario.steps.find(step => step.state === 'current');
  const steps = scenario.steps.map((step, index) => {
    const sign = markOf(step.state === 'current' ? 'running' : step.state, signs);
    return (
      <Text key={index} wrap="truncate-end" dimColor={step.state === 'open'}>
        <Text color={sign.colour}>{sign.glyph}</Text> {step.title}
      </Text>
    );
  });
  const hints = current?.hints.slice(0, hintsShown) ?? [];
  const state = scenario.busy ?? (current ? current.detail : scenario.finished ? 'all steps are verified' : '');
  const below = hints.length * 2 + (scenario.error ? 2 : 0) + 3;
  const body = markdownLines(current?.text ?? 'The scenario is complete. `>` opens the next one, `r` starts it over.', width);
  const room = Math.max(3, rows - scenario.steps.length - 3 - below);
  const shown = body.slice(offset, offset + room);
  return (
    <Box flexDirection="column" height={rows}>
      {current ? (
        <Text bold wrap="truncate-end">
          {current.goal}
        </Text>
      ) : null}
      <Box flexDirection="column" marginTop={1} flexGrow={1}>
        {shown.map((line, index) => (
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
        {body.length > offset + room ? <Text dimColor>… ↓ {body.length - offset - room} more lines</Text> : null}
      </Box>
      {steps}
      {hints.map(hint => (
        <Text key={hint} color="yellow" wrap="wrap">
          hint: {hint}
        </Text>
      ))}
      <Text wrap="truncate-end" color={scenario.finished ? 'green' : 'cyan'}>
        {state}
      </Text>
      {scenario.error ? (
        <Text color="red" wrap="truncate-end">
          {scenario.error}
        </Text>
      ) : null}
      <Text dimColor wrap="truncate-end">
        {current ? `h hint ${hintsShown}/${current.hints.length}  s do it for me  r reset  n skip` : 'r start over'}
        {`  ${scenario.number > 1 ? '<' : ' '}${scenario.number}/${scenario.count}${scenario.number < scenario.count ? '>' : ''}`}
      </Text>
    </Box>
  );
}
