// The newest pipeline run: its commit, and each step with its time.
import { Box, Text } from 'ink';
import type { RunView } from '../../platform/api/index.ts';
import { ageOf } from '../model/age.ts';
import { markOf, type SignSet } from '../model/signs.ts';

export function PipelinePane({ run, now, signs }: { run: RunView | undefined; now: number; signs: SignSet }) {
  if (!run) return <Text dimColor>no run yet: push to demo-app</Text>;
  const mark = markOf(run.state, signs);
  const steps = run.jobs.flatMap(job => job.steps);
  return (
    <Box flexDirection="column">
      <Text wrap="truncate-end">
        <Text color={mark.colour}>{mark.glyph}</Text> {run.sha.slice(0, 7)} <Text bold>{run.subject}</Text>{' '}
        <Text dimColor>{`${run.actor} ${ageOf(run.startedAt, now)}`}</Text>
      </Text>
      <Text wrap="truncate-end">
        {steps.map((step, index) => {
          const sign = markOf(step.state, signs);
          return (
            <Text key={index}>
              <Text color={sign.colour}>{sign.glyph}</Text> {step.name.replace(/^Run \S+\//, '')}
              {step.ms === undefined ? '' : <Text dimColor> {(step.ms / 1000).toFixed(1)}</Text>}
              {'  '}
            </Text>
          );
        })}
        {run.ms === undefined ? '' : <Text dimColor>{`${(run.ms / 1000).toFixed(1)} s`}</Text>}
      </Text>
      {run.reason ? (
        <Text color="red" wrap="truncate-end">
          {run.reason}
        </Text>
      ) : null}
    </Box>
  );
}
