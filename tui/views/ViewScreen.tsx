// The full-screen views: each reads what it shows when it opens, and again when the platform has changed.
import { useEffect, useState } from 'react';
import type { ApplicationView, ResourceView } from '../../platform/api/index.ts';
import { messageOf } from '../../platform/core/index.ts';
import type { PlatformModel } from '../model/platform-model.ts';
import { usePlatform } from '../model/use-platform.ts';
import { Dialog } from './Dialog.tsx';
import { type Line, LinesView } from './LinesView.tsx';
import type { View } from './view.ts';
import { applicationLines, changeLines, diffLines, driftLines, helpLines, historyLines, treeLines } from './view-lines.ts';

interface ViewScreenProps {
  view: Exclude<View, { kind: 'home' | 'quit' }> | View;
  model: PlatformModel;
  now: number;
  filter: string;
  active: boolean;
  columns: number;
  rows: number;
  onOpen: (view: View) => void;
  onStop: () => void;
}

const KEPT_LOG_LINES = 2_000;

export function ViewScreen({ view, model, now, filter, active, columns, rows, onOpen, onStop }: ViewScreenProps) {
  const platform = usePlatform(model);
  const app = 'app' in view ? platform.applications.find(one => one.name === view.app) : undefined;
  const frame = { width: columns, height: rows, filter, active };
  const home = () => onOpen({ kind: 'home' });
  switch (view.kind) {
    case 'help':
      return <LinesView title="Help" lines={helpLines()} {...frame} />;
    case 'drift':
      return (
        <LoadedView
          title="Drift"
          load={async () => driftLines(await model.api.drift())}
          again={platform.events[0]?.seq}
          frame={frame}
        />
      );
    case 'pipeline':
      return <RunLog model={model} id={platform.runs[0]?.id} frame={frame} />;
    case 'application':
      return <LinesView title={view.app} lines={app ? applicationLines(app, now) : []} {...frame} />;
    case 'diff':
      return (
        <LoadedView
          title={`${view.app} · what a sync would change`}
          load={async () => diffLines(await model.api.diff(view.app))}
          again={app?.sync}
          frame={frame}
        />
      );
    case 'tree':
      return (
        <LoadedView
          title={`${view.app} · resources`}
          load={async () => treeLines(await model.api.resources(view.app))}
          again={platform.events[0]?.seq}
          frame={frame}
        />
      );
    case 'history':
      return (
        <LoadedView
          title={`${view.app} · history`}
          load={async () => historyLines(await model.api.history(view.app), now)}
          again={app?.revision}
          frame={frame}
          onOpen={id => onOpen({ kind: 'rollback', app: view.app, id: Number(id) })}
        />
      );
    case 'logs':
      return <PodLog model={model} app={view.app} frame={frame} />;
    case 'sync':
      return (
        <Confirmed
          title={`Sync ${app?.environment || view.app} to ${app?.targetRevision.slice(0, 7) ?? ''}?`}
          load={async () => [...changeLines(await model.api.diff(view.app)), ...guardLines(app)]}
          app={app}
          role={platform.caller?.role}
          frame={frame}
          onDone={confirmed => {
            home();
            if (confirmed)
              void model.act(`sync ${view.app}`, () =>
                model.api.sync(view.app, app?.guard ? { confirm: app.guard.confirm } : {}),
              );
          }}
        />
      );
    case 'rollback':
      return (
        <Confirmed
          title={`Roll ${view.app} back to entry ${view.id}?`}
          load={async () =>
            historyLines(
              (await model.api.history(view.app)).filter(one => one.id === view.id),
              now,
            )
          }
          app={app}
          role={platform.caller?.role}
          frame={frame}
          onDone={confirmed => {
            home();
            if (confirmed)
              void model.act(`roll ${view.app} back`, () =>
                model.api.rollback(view.app, { id: view.id, ...(app?.guard ? { confirm: app.guard.confirm } : {}) }),
              );
          }}
        />
      );
    case 'rebuild': {
      const name = platform.status?.name ?? 'local';
      const lines: Line[] = [
        { text: 'The cluster is destroyed and everything is rebuilt from Git.' },
        { text: 'Each application comes back at its last deployed revision; every object is compared.' },
      ];
      return (
        <Dialog
          title="Rebuild from Git?"
          lines={lines}
          typed={name}
          width={columns}
          height={rows}
          onDone={confirmed => {
            home();
            if (confirmed) void model.act('rebuild', () => model.api.rebuild());
          }}
        />
      );
    }
    case 'stop':
      return (
        <Dialog
          title="Stop the platform?"
          lines={[{ text: 'Its state stays: `daruma up` resumes it.' }]}
          width={columns}
          height={rows}
          onDone={confirmed => (confirmed ? onStop() : home())}
        />
      );
    case 'home':
    case 'quit':
      return null;
  }
}

function guardLines(app: ApplicationView | undefined): Line[] {
  return app?.guard ? [{ text: '' }, { text: `${app.environment} takes a ${app.guard.role}, and its name typed` }] : [];
}

interface Frame {
  width: number;
  height: number;
  filter: string;
  active: boolean;
}

function useLoaded(load: () => Promise<Line[]>, again: unknown): Line[] {
  const [lines, setLines] = useState<Line[]>([{ text: 'reading …' }]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `again` says when the content may have changed
  useEffect(() => {
    let current = true;
    void load()
      .catch((error: unknown): Line[] => [{ text: messageOf(error), colour: 'red' }])
      .then(loaded => current && setLines(loaded));
    return () => {
      current = false;
    };
  }, [again]);
  return lines;
}

function LoadedView({
  title,
  load,
  again,
  frame,
  onOpen,
}: {
  title: string;
  load: () => Promise<Line[]>;
  again: unknown;
  frame: Frame;
  onOpen?: (id: string) => void;
}) {
  return <LinesView title={title} lines={useLoaded(load, again)} {...frame} {...(onOpen ? { onOpen } : {})} />;
}

interface ConfirmedProps {
  title: string;
  load: () => Promise<Line[]>;
  app: ApplicationView | undefined;
  role: string | undefined;
  frame: Frame;
  onDone: (confirmed: boolean) => void;
}

function Confirmed({ title, load, app, role, frame, onDone }: ConfirmedProps) {
  const lines = useLoaded(load, app?.name);
  const guard = app?.guard;
  const refused =
    guard && role !== undefined && guard.role !== role && role !== 'lead' ? `only a ${guard.role} may do this` : undefined;
  return (
    <Dialog
      title={title}
      lines={lines}
      width={frame.width}
      height={frame.height}
      onDone={onDone}
      {...(guard ? { typed: guard.confirm } : {})}
      {...(refused ? { refused } : {})}
    />
  );
}

/** Lines of a text stream, the newest 2,000. */
function useStream(open: ((signal: AbortSignal) => AsyncIterable<string>) | undefined, key: string | undefined): Line[] {
  const [lines, setLines] = useState<Line[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the stream is opened anew for another key alone
  useEffect(() => {
    setLines([]);
    if (!open) return;
    const gone = new AbortController();
    void (async () => {
      let rest = '';
      try {
        for await (const chunk of open(gone.signal)) {
          const parts = (rest + chunk).split('\n');
          rest = parts.pop() ?? '';
          if (!gone.signal.aborted) setLines(before => [...before, ...parts.map(text => ({ text }))].slice(-KEPT_LOG_LINES));
        }
      } catch (error) {
        if (!gone.signal.aborted) setLines(before => [...before, { text: messageOf(error), colour: 'red' }]);
      }
    })();
    return () => gone.abort();
  }, [key]);
  return lines;
}

function RunLog({ model, id, frame }: { model: PlatformModel; id: string | undefined; frame: Frame }) {
  const lines = useStream(id ? signal => model.api.runLog(id, { follow: true, signal }) : undefined, id);
  return <LinesView title={id ? `Pipeline run ${id}` : 'No run yet'} lines={lines} follow {...frame} />;
}

function PodLog({ model, app, frame }: { model: PlatformModel; app: string; frame: Frame }) {
  const [pods, setPods] = useState<{ namespace: string; name: string }[]>([]);
  const [at, setAt] = useState(0);
  useEffect(() => {
    void model.api.resources(app).then(
      resources => setPods(podsIn(resources)),
      () => setPods([]),
    );
  }, [model, app]);
  const pod = pods[Math.min(at, pods.length - 1)];
  const lines = useStream(pod ? signal => model.api.podLog(pod, { follow: true, tailLines: 500, signal }) : undefined, pod?.name);
  const title = pod ? `${pod.namespace}/${pod.name}  ${at + 1} of ${pods.length}  ← → other pods` : `${app}: no pod runs`;
  return (
    <LinesView
      title={title}
      lines={lines}
      follow
      {...frame}
      onSide={step => setAt(Math.max(0, Math.min(pods.length - 1, at + step)))}
    />
  );
}

function podsIn(resources: ResourceView[]): { namespace: string; name: string }[] {
  return resources.flatMap(({ kind, namespace, name, children }) => [
    ...(kind === 'Pod' && namespace ? [{ namespace, name }] : []),
    ...podsIn(children),
  ]);
}
