// PersistentVolumes and claims on them.
import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { compareQuantity, type FieldError, parseQuantity } from '../../schema/index.ts';
import { forbidden, invalid, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { clone, ensure, type Loose, sameValue, setDefault, setDefaultIfZero } from '../objects.ts';
import { structDifference } from '../pods/struct-difference.ts';
import { age, nameOf } from '../tables/cells.ts';
import { validateAccessModes, validateClaimSpec } from './claim-validation.ts';

type Volume = Loose<V1PersistentVolume>;
type Claim = Loose<V1PersistentVolumeClaim>;

const VOLUME_SOURCES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const;
const RECLAIM = ['Delete', 'Recycle', 'Retain'];

function validateVolume(volume: Volume): FieldError[] {
  const spec = volume.spec ?? {};
  const errors: FieldError[] = [];
  if (!spec.accessModes?.length) errors.push(required('spec.accessModes'));
  errors.push(...validateAccessModes(spec.accessModes, 'spec.accessModes'));
  if (!Object.keys(spec.capacity ?? {}).length) errors.push(required('spec.capacity'));
  if (spec.capacity?.['storage'] === undefined || Object.keys(spec.capacity).length > 1) {
    errors.push(unsupported('spec.capacity', spec.capacity ?? null, ['storage']));
  }
  if (spec.persistentVolumeReclaimPolicy && !RECLAIM.includes(spec.persistentVolumeReclaimPolicy)) {
    errors.push(unsupported('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, RECLAIM));
  }
  const given = VOLUME_SOURCES.filter(name => spec[name]);
  for (const name of given.slice(1)) errors.push(forbidden(`spec.${name}`, 'may not specify more than 1 volume type'));
  if (given.length === 0) errors.push(required('spec', 'must specify a volume type'));
  if (given.includes('local') && !spec.nodeAffinity)
    errors.push(required('spec.nodeAffinity', 'Local volume requires node affinity'));
  if (given.includes('hostPath') && !spec.hostPath?.path) errors.push(required('spec.hostPath.path'));
  if (spec.hostPath?.path === '/' && spec.persistentVolumeReclaimPolicy === 'Recycle') {
    errors.push(forbidden('spec.persistentVolumeReclaimPolicy', "may not be 'recycle' for a hostPath mount of '/'"));
  }
  if (spec.volumeMode && !['Block', 'Filesystem'].includes(spec.volumeMode))
    errors.push(unsupported('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem']));
  return errors;
}

const ACCESS_SHORT: Record<string, string> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};
const accessText = (modes: string[] | undefined): string =>
  Object.keys(ACCESS_SHORT)
    .filter(mode => modes?.includes(mode))
    .map(mode => ACCESS_SHORT[mode])
    .join(',');

export const volumeRules: KindRules = rulesFor<Volume>({
  defaults(volume) {
    const spec = ensure(volume, 'spec');
    setDefaultIfZero(spec, 'persistentVolumeReclaimPolicy', 'Retain');
    setDefault(spec, 'volumeMode', 'Filesystem');
    if (spec.hostPath) setDefault(spec.hostPath, 'type', '');
  },
  prepareCreate(volume, { now }) {
    volume.status = { phase: 'Pending', lastPhaseTransitionTime: now.toISOString().replace(/\.\d+Z$/, 'Z') };
  },
  prepareStatusUpdate(next, previous) {
    if (next.status?.phase !== previous.status?.phase && !next.status?.lastPhaseTransitionTime) {
      if (next.status && previous.status?.lastPhaseTransitionTime)
        next.status.lastPhaseTransitionTime = previous.status.lastPhaseTransitionTime;
    }
  },
  validate: validateVolume,
  validateChange(next, previous) {
    const source = (volume: Volume): object => Object.fromEntries(VOLUME_SOURCES.map(name => [name, volume.spec?.[name]]));
    const errors: FieldError[] = [];
    if (!sameValue(source(next), source(previous))) {
      const difference = structDifference('PersistentVolumeSource', source(previous), source(next));
      errors.push(
        forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${difference}`),
      );
    }
    if (next.spec?.volumeMode !== previous.spec?.volumeMode)
      errors.push(invalid('spec.volumeMode', next.spec?.volumeMode ?? null, 'field is immutable'));
    return errors;
  },
  cells(obj, now) {
    const spec = obj.spec ?? {};
    const claim = spec.claimRef;
    return [
      nameOf(obj),
      spec.capacity?.['storage'] ?? '',
      accessText(spec.accessModes),
      spec.persistentVolumeReclaimPolicy ?? '',
      obj.metadata?.deletionTimestamp ? 'Terminating' : (obj.status?.phase ?? ''),
      claim ? `${claim.namespace}/${claim.name}` : '',
      spec.storageClassName ?? '',
      spec.volumeAttributesClassName || '<unset>',
      obj.status?.reason ?? '',
      age(obj, now),
      spec.volumeMode ?? '<unset>',
    ];
  },
  deletion: { returnsObject: true },
});

const FIXED_CLAIM = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

/** A claim's spec is fixed, but for growing it and, once, the volume that it is bound to. */
function validateClaimUpdate(next: Claim, previous: Claim): FieldError[] {
  const before = clone(previous.spec ?? {});
  const after = clone(next.spec ?? {});
  if (!before.volumeName) delete after.volumeName;
  // A claim made before there was a default class may get one later.
  if (before.storageClassName === undefined) delete after.storageClassName;
  const wanted = after.resources?.requests?.['storage'];
  const had = before.resources?.requests?.['storage'];
  if (previous.status?.phase === 'Bound' && wanted !== undefined && had !== undefined) {
    if (compareQuantity(parseQuantity(String(wanted)), parseQuantity(String(had))) < 0) {
      return [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')];
    }
    after.resources = before.resources as NonNullable<typeof after.resources>;
    delete after.volumeAttributesClassName;
    delete before.volumeAttributesClassName;
  }
  if (sameValue(after, before)) return [];
  const difference = structDifference('ClaimSpec', before, after);
  return [forbidden('spec', `${FIXED_CLAIM}\n${difference}`)];
}

export const claimRules: KindRules = rulesFor<Claim>({
  defaults: claim => setDefault(ensure(claim, 'spec'), 'volumeMode', 'Filesystem'),
  prepareCreate(claim) {
    claim.status = { phase: 'Pending' };
  },
  validate: claim => validateClaimSpec(claim.spec ?? {}, 'spec'),
  validateChange: validateClaimUpdate,
  cells(obj, now) {
    const spec = obj.spec ?? {};
    return [
      nameOf(obj),
      obj.metadata?.deletionTimestamp ? 'Terminating' : (obj.status?.phase ?? ''),
      spec.volumeName ?? '',
      spec.volumeName ? (obj.status?.capacity?.['storage'] ?? '') : '',
      spec.volumeName ? accessText(obj.status?.accessModes) : '',
      spec.storageClassName ?? '',
      spec.volumeAttributesClassName || '<unset>',
      age(obj, now),
      spec.volumeMode ?? '<unset>',
    ];
  },
  deletion: { returnsObject: true },
});
