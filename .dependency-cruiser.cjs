// The directions of imports, as ARCHITECTURE.md tells them. `import type` counts.
const subsystems = 'cluster|git|registry|images|pipeline|gitops|delivery|policy|secrets|access|telemetry|api';
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'core-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^platform/core/' },
      to: { path: '^(platform/(?!core/)|bootstrap|tui|scenarios|web)' },
    },
    {
      name: 'kube-imports-core-alone',
      severity: 'error',
      from: { path: '^platform/kube/' },
      to: { path: '^(platform/(?!core/|kube/)|bootstrap|tui|scenarios|web)' },
    },
    {
      name: 'subsystems-meet-in-bootstrap',
      severity: 'error',
      from: { path: `^platform/(${subsystems})/` },
      to: { path: `^platform/(${subsystems})/`, pathNot: '^platform/$1/' },
    },
    {
      name: 'platform-does-not-look-up',
      severity: 'error',
      from: { path: '^platform/' },
      to: { path: '^(bootstrap|tui|scenarios|web|test)/' },
    },
    { name: 'clients-do-not-construct', severity: 'error', from: { path: '^(tui|scenarios|web)/' }, to: { path: '^bootstrap/' } },
    {
      name: 'through-doors-only',
      severity: 'error',
      from: { path: '^(bootstrap|tui|scenarios|web)/' },
      to: { path: '^platform/', pathNot: '^platform/([^/]+|cluster/[^/]+)/index\\.ts$' },
    },
    {
      name: 'core-and-kube-through-doors',
      severity: 'error',
      from: { path: '^platform/(?!core/)' },
      to: { path: '^platform/core/', pathNot: '^platform/core/index\\.ts$' },
    },
    {
      name: 'kube-through-its-door',
      severity: 'error',
      from: { path: '^platform/(?!kube/)' },
      to: { path: '^platform/kube/', pathNot: '^platform/kube/index\\.ts$' },
    },
    {
      name: 'cluster-parts-through-doors',
      severity: 'error',
      from: { path: '^platform/cluster/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^platform/cluster/[^/]+/', pathNot: '^platform/cluster/($1/|[^/]+/index\\.ts$)' },
    },
    { name: 'nothing-imports-test', severity: 'error', from: { pathNot: '^test/|\\.test\\.tsx?$' }, to: { path: '^test/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json'],
    },
  },
};
