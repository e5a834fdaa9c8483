// Every field of Argo CD's Application and AppProject (argo-cd 3.2) with its state here. What a manifest sets beyond the
// supported ones becomes a condition that names it; nothing is ignored in silence.

/** `supported`: acted on. `ignored`: without effect on a local platform, by design. `unsupported`: known, refused by name. */
export type FieldState = 'supported' | 'ignored' | 'unsupported';

/** Keys are paths below `spec`; `[]` stands for the items of a list; a listed path covers everything below it. */
type FieldTable = Record<string, FieldState>;

export const applicationFields: FieldTable = {
  project: 'supported',
  'destination.server': 'supported',
  'destination.name': 'supported',
  'destination.namespace': 'supported',
  'source.repoURL': 'supported',
  'source.path': 'supported',
  'source.targetRevision': 'supported',
  'source.directory.recurse': 'supported',
  'source.directory.include': 'supported',
  'source.directory.exclude': 'supported',
  'source.directory.jsonnet': 'unsupported',
  'source.kustomize.namePrefix': 'supported',
  'source.kustomize.nameSuffix': 'supported',
  'source.kustomize.namespace': 'supported',
  'source.kustomize.images': 'supported',
  'source.kustomize.replicas': 'supported',
  'source.kustomize.commonLabels': 'supported',
  'source.kustomize.commonAnnotations': 'supported',
  'source.kustomize.labelWithoutSelector': 'supported',
  'source.kustomize.labelIncludeTemplates': 'supported',
  'source.kustomize.patches': 'supported',
  'source.kustomize.components': 'supported',
  'source.kustomize.commonAnnotationsEnvsubst': 'unsupported',
  'source.kustomize.forceCommonLabels': 'unsupported',
  'source.kustomize.forceCommonAnnotations': 'unsupported',
  'source.kustomize.ignoreMissingComponents': 'unsupported',
  'source.kustomize.version': 'unsupported',
  'source.kustomize.kubeVersion': 'unsupported',
  'source.kustomize.apiVersions': 'unsupported',
  'source.helm': 'unsupported',
  'source.plugin': 'unsupported',
  'source.chart': 'unsupported',
  'source.ref': 'unsupported',
  'source.name': 'unsupported',
  sources: 'unsupported',
  sourceHydrator: 'unsupported',
  'syncPolicy.automated.prune': 'supported',
  'syncPolicy.automated.selfHeal': 'supported',
  'syncPolicy.automated.allowEmpty': 'supported',
  'syncPolicy.automated.enabled': 'supported',
  'syncPolicy.syncOptions': 'supported',
  'syncPolicy.retry.limit': 'supported',
  'syncPolicy.retry.backoff': 'supported',
  'syncPolicy.retry.refresh': 'supported',
  'syncPolicy.managedNamespaceMetadata': 'supported',
  'ignoreDifferences[].group': 'supported',
  'ignoreDifferences[].kind': 'supported',
  'ignoreDifferences[].name': 'supported',
  'ignoreDifferences[].namespace': 'supported',
  'ignoreDifferences[].jsonPointers': 'supported',
  'ignoreDifferences[].managedFieldsManagers': 'supported',
  'ignoreDifferences[].jqPathExpressions': 'unsupported',
  info: 'ignored',
  revisionHistoryLimit: 'supported',
};

export const projectFields: FieldTable = {
  description: 'ignored',
  sourceRepos: 'supported',
  'destinations[].server': 'supported',
  'destinations[].name': 'supported',
  'destinations[].namespace': 'supported',
  clusterResourceWhitelist: 'supported',
  clusterResourceBlacklist: 'supported',
  namespaceResourceWhitelist: 'supported',
  namespaceResourceBlacklist: 'supported',
  orphanedResources: 'unsupported',
  roles: 'unsupported',
  syncWindows: 'unsupported',
  signatureKeys: 'unsupported',
  sourceNamespaces: 'unsupported',
  permitOnlyProjectScopedClusters: 'unsupported',
  destinationServiceAccounts: 'unsupported',
};

export interface FieldProblem {
  /** From the object's root: `spec.source.helm`. */
  field: string;
  state: 'unsupported' | 'unknown';
}

/** The fields below `spec` that are not acted on, each once, in the order of the object. */
export function fieldProblems(spec: Record<string, unknown>, table: FieldTable): FieldProblem[] {
  const problems = new Map<string, FieldProblem>();
  const walk = (value: unknown, path: string) => {
    const state = table[path];
    if (state === 'supported' || state === 'ignored' || value === undefined || value === null) return;
    if (state === 'unsupported') {
      problems.set(path, { field: `spec.${path}`, state });
      return;
    }
    const parent = Object.keys(table).some(known => known.startsWith(`${path}.`) || known.startsWith(`${path}[]`));
    if (!parent) problems.set(path, { field: `spec.${path}`, state: 'unknown' });
    else if (Array.isArray(value)) for (const item of value) walkFields(item, `${path}[].`);
    else walkFields(value, `${path}.`);
  };
  const walkFields = (value: unknown, prefix: string) => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, field] of Object.entries(value)) walk(field, prefix + name);
  };
  walkFields(spec, '');
  return [...problems.values()];
}
