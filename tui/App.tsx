// The terminal UI: the home screen, the views above it, and which key does what where.
import { Box, Text } from 'ink';
import { useEffect, useState } from 'react';
import type { ApplicationView } from '../platform/api/index.ts';
import { clockOf } from './model/age.ts';
import { parseCommand } from './model/commands.ts';
import { homeFoot, viewFoot } from './model/foot-line.ts';
import { type ActionName, actionOf } from './model/key-map.ts';
import type { PlatformModel } from './model/platform-model.ts';
import type { ScenarioPort } from './model/scenario-port.ts';
import { eyesOfAll, type SignSet } from './model/signs.ts';
import { KeysContext, useKeySource, useKeys } from './model/use-keys.ts';
import { useNow, usePlatform, useScenario, useScreenSize } from './model/use-platform.ts';
import { Home } from './panes/Home.tsx';
import { QuitDialog } from './views/QuitDialog.tsx';
import { TextLine } from './views/TextLine.tsx';
import { ViewScreen } from './views/ViewScreen.tsx';
import type { View } from './views/view.ts';

export interface AppProps {
  model: PlatformModel;
  scenarios: ScenarioPort | undefined;
  signs: SignSet;
  motion: boolean;
  /** Leaves the UI; `stop`: the platform too. */
  onQuit: (choice: 'keep' | 'stop') => void;
}

type Input = 'keys' | 'command' | 'filter';

export function App(props: AppProps) {
  return (
    <KeysContext.Provider value={useKeySource()}>
      <Screens {...props} />
    </KeysContext.Provider>
  );
}

function Screens({ model, scenarios, signs, motion, onQuit }: AppProps) {
  const platform = usePlatform(model);
  const scenario = useScenario(scenarios);
  const { columns, rows } = useScreenSize();
  const now = useNow(motion);
  const [view, setView] = useState<View>({ kind: 'home' });
  const [input, setInput] = useState<Input>('keys');
  const [filter, setFilter] = useState('');
  const [selectedName, setSelectedName] = useState<string>();
  const [pane, setPane] = useState<'environments' | 'scenario'>(scenarios ? 'scenario' : 'environments');
  const [offset, setOffset] = useState(0);

  const applications = platform.applications;
  const selected = applications.find(app => app.name === selectedName) ?? applications[0];
  const stepKey = `${scenario?.number}/${scenario?.step.index}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new step starts at its first line
  useEffect(() => {
    setOffset(0);
  }, [stepKey]);

  const open = (next: View) => {
    model.clearNotice();
    setFilter('');
    setView(next);
  };
  const leave = () => (view.kind === 'home' ? open({ kind: 'quit' }) : open({ kind: 'home' }));

  const perform = (action: ActionName, app: ApplicationView | undefined = selected): void => {
    switch (action) {
      case 'up':
      case 'down': {
        const step = action === 'up' ? -1 : 1;
        if (pane === 'scenario') return setOffset(Math.max(0, offset + step));
        const at = applications.findIndex(one => one.name === app?.name);
        return setSelectedName(applications[Math.max(0, Math.min(applications.length - 1, at + step))]?.name);
      }
      case 'open':
        if (pane === 'scenario') return scenario?.phase === 'solved' ? scenarios?.next() : undefined;
        if (!app) return;
        return open({ kind: 'application', app: app.name });
      case 'sync':
      case 'diff':
      case 'tree':
      case 'history':
      case 'logs':
        if (!app) return model.notify('there is no application yet', { failed: true });
        return open({ kind: action, app: app.name });
      case 'drift':
      case 'pipeline':
      case 'help':
        return open({ kind: action });
      case 'refresh':
        return void model.act('refresh', () => model.refresh());
      case 'switchPane':
        return setPane(pane === 'scenario' || !scenarios ? 'environments' : 'scenario');
      case 'hint':
      case 'solve':
      case 'reset':
      case 'skip':
        return scenarios?.[action]();
      case 'nextScenario':
        if (scenario && scenario.number < scenario.count) scenarios?.open(scenario.number + 1);
        return;
      case 'previousScenario':
        if (scenario && scenario.number > 1) scenarios?.open(scenario.number - 1);
        return;
      case 'command':
      case 'filter':
        return setInput(action);
      case 'back':
        if (filter !== '') return setFilter('');
        return view.kind === 'home' ? model.clearNotice() : open({ kind: 'home' });
      case 'quit':
        return leave();
      default:
        return;
    }
  };

  useKeys(
    (text, key) => {
      if (key.ctrl && text === 'c') return open({ kind: 'quit' });
      const action = actionOf(text, key, view.kind === 'home' ? ['home', 'scenario', 'everywhere'] : ['everywhere']);
      if (!action) return;
      // In a view the arrows are the view's own.
      if (view.kind !== 'home' && (action === 'up' || action === 'down')) return;
      perform(action);
    },
    {
      isActive: input === 'keys' && !['sync', 'rollback', 'quit', 'rebuild', 'stop'].includes(view.kind),
    },
  );

  const run = (text: string | undefined) => {
    setInput('keys');
    if (text === undefined || text.trim() === '') return;
    const command = parseCommand(text, applications);
    if ('error' in command) return model.notify(command.error, { failed: true });
    if (command.scenario !== undefined) return scenarios?.open(command.scenario);
    if (command.view) return open(command.view);
    const named = applications.find(app => app.name === command.app) ?? selected;
    if (command.action === 'open') return named && open({ kind: 'application', app: named.name });
    if (command.action) perform(command.action, named);
  };

  const eyes = eyesOfAll(applications, signs);
  const bodyRows = rows - 2 - (platform.notice || !platform.connected ? 1 : 0);
  const foot = view.kind === 'home' ? homeFoot({ pane, hasScenarios: scenarios !== undefined, columns }) : viewFoot(view.kind);
  const head = `${platform.status?.name ?? ''} · ${platform.status?.provider ?? ''} · ${platform.status?.api.replace('http://', '') ?? ''}`;

  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Box width={columns} justifyContent="space-between">
        <Text wrap="truncate-end">
          <Text bold> daruma</Text> <Text color={eyes.colour}>{eyes.glyph}</Text> {head}
        </Text>
        <Text dimColor wrap="truncate-end">
          {`you: ${platform.caller?.user ?? '…'}${motion ? `   ${clockOf(now)}` : ''}   ? help `}
        </Text>
      </Box>
      {view.kind === 'home' ? (
        <Home
          {...{ platform, scenario, signs, now, pane, offset, filter, columns }}
          selected={selected?.name}
          rows={bodyRows}
          hasScenarios={scenarios !== undefined}
        />
      ) : view.kind === 'quit' ? (
        <Box height={bodyRows}>
          <QuitDialog width={columns} onDone={choice => (choice === 'back' ? open({ kind: 'home' }) : onQuit(choice))} />
        </Box>
      ) : (
        <ViewScreen
          view={view}
          model={model}
          now={now}
          filter={filter}
          active={input === 'keys'}
          columns={columns}
          rows={bodyRows}
          onOpen={open}
          onStop={() => onQuit('stop')}
        />
      )}
      {platform.connected ? null : <Text color="red"> the platform does not answer; trying again</Text>}
      {platform.connected && platform.notice ? (
        <Text wrap="truncate-end" {...(platform.notice.failed ? { color: 'red' } : { color: 'green' })}>
          {` ${platform.notice.text}`}
        </Text>
      ) : null}
      {input === 'command' ? <TextLine prompt=" :" onDone={run} /> : null}
      {input === 'filter' ? (
        <TextLine
          prompt=" /"
          initial={filter}
          onChange={setFilter}
          onDone={text => {
            if (text === undefined) setFilter('');
            setInput('keys');
          }}
        />
      ) : null}
      {input === 'keys' ? (
        <Text dimColor wrap="truncate-end">
          {foot === '' ? ' ' : foot}
        </Text>
      ) : null}
    </Box>
  );
}
