// The home screen: environments, pipeline and events beside the scenario; one of the two where there is no room for both.
import { Box } from 'ink';
import type { PlatformState } from '../model/platform-model.ts';
import type { ScenarioView } from '../model/scenario-port.ts';
import type { SignSet } from '../model/signs.ts';
import { EnvironmentsLine, EnvironmentsPane, notesOf } from './EnvironmentsPane.tsx';
import { EventsPane } from './EventsPane.tsx';
import { Panel } from './Panel.tsx';
import { PipelinePane } from './PipelinePane.tsx';
import { ScenarioPane } from './ScenarioPane.tsx';

interface HomeProps {
  platform: PlatformState;
  scenario: ScenarioView | undefined;
  hasScenarios: boolean;
  selected: string | undefined;
  pane: 'environments' | 'scenario';
  offset: number;
  filter: string;
  signs: SignSet;
  now: number;
  columns: number;
  rows: number;
}

const WIDE = 96;

export function Home(props: HomeProps) {
  const { columns, rows, hasScenarios, pane } = props;
  if (columns >= WIDE) {
    const left = hasScenarios ? Math.floor(columns * 0.6) : columns;
    return (
      <Box height={rows}>
        <PlatformColumn {...props} width={left} focused={pane === 'environments'} />
        {hasScenarios ? <ScenarioColumn {...props} width={columns - left} height={rows} /> : null}
      </Box>
    );
  }
  if (pane === 'environments' || !hasScenarios) return <PlatformColumn {...props} width={columns} focused />;
  return (
    <Box flexDirection="column" height={rows}>
      <EnvironmentsLine applications={props.platform.applications} signs={props.signs} />
      <ScenarioColumn {...props} width={columns} height={rows - 1} />
    </Box>
  );
}

function PlatformColumn({
  platform,
  selected,
  signs,
  now,
  filter,
  rows,
  width,
  focused,
}: HomeProps & { width: number; focused: boolean }) {
  const pipeline = platform.runs[0]?.reason ? 5 : 4;
  const lines = platform.applications.length + platform.applications.filter(app => notesOf(app, signs) !== '').length;
  const environments = Math.min(Math.max(lines, 1) + 2, Math.max(4, rows - pipeline - 5));
  const events = Math.max(3, rows - environments - pipeline);
  return (
    <Box flexDirection="column" width={width} height={rows}>
      <Panel title="Environments" width={width} height={environments} focused={focused}>
        <EnvironmentsPane
          applications={platform.applications}
          selected={focused ? selected : undefined}
          width={width - 4}
          now={now}
          signs={signs}
        />
      </Panel>
      <Panel title="Pipeline" width={width} height={pipeline}>
        <PipelinePane run={platform.runs[0]} now={now} signs={signs} />
      </Panel>
      <Panel title={filter === '' ? 'Events' : `Events /${filter}`} width={width} height={events}>
        <EventsPane events={platform.events} rows={events - 2} filter={filter} />
      </Panel>
    </Box>
  );
}

function ScenarioColumn({ scenario, offset, signs, pane, width, height }: HomeProps & { width: number; height: number }) {
  const title = scenario ? `${scenario.number}/${scenario.count} · ${scenario.title}` : 'Scenario';
  return (
    <Panel title={title} width={width} height={height} focused={pane === 'scenario'}>
      <ScenarioPane scenario={scenario} width={width - 4} rows={height - 2} offset={offset} signs={signs} />
    </Panel>
  );
}
