// Binds claims to volumes, and keeps both from vanishing while they are used. Volumes are made by users; nothing is provisioned here.
import {
  type ControllerHost,
  canonical,
  isFinished,
  isNotFound,
  type ObjectCache,
  objectKey,
  type Pod,
} from '../../controller-runtime/index.ts';
import { BIND_COMPLETED, BOUND_BY_CONTROLLER, type Claim, findVolume, isClaimedBy, type Volume } from './volume.ts';

const COMPONENT = 'persistentvolume-controller';
const CLAIM_PROTECTION = 'kubernetes.io/pvc-protection';
const VOLUME_PROTECTION = 'kubernetes.io/pv-protection';

export function runVolumeControllers(host: ControllerHost): void {
  const claims = host.caches.of<Claim>({ apiVersion: 'v1', kind: 'PersistentVolumeClaim' });
  const volumes = host.caches.of<Volume>({ apiVersion: 'v1', kind: 'PersistentVolume' });
  const classes = host.caches.of({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' });
  const pods = host.caches.of<Pod>({ apiVersion: 'v1', kind: 'Pod' });
  const claimQueue = host.queue({ name: COMPONENT, sync: syncClaim, concurrency: 1 });
  const volumeQueue = host.queue({ name: `${COMPONENT} volumes`, sync: syncVolume });

  claims.onChange((next, previous) => {
    const claim = (next ?? previous) as Claim;
    claimQueue.add(objectKey(claim));
    if (claim.spec.volumeName) volumeQueue.add(claim.spec.volumeName);
  });
  volumes.onChange((next, previous) => {
    const volume = (next ?? previous) as Volume;
    volumeQueue.add(objectKey(volume));
    for (const claim of claims.list())
      if (claim.status?.phase !== 'Bound' || claim.spec.volumeName === volume.metadata.name) claimQueue.add(objectKey(claim));
  });
  pods.onChange((next, previous) => {
    if (next && !isFinished(next)) return;
    for (const name of claimsOf((next ?? previous) as Pod)) claimQueue.add(`${(next ?? previous)?.metadata.namespace}/${name}`);
  });

  async function syncClaim(key: string): Promise<void> {
    const claim = claims.getByKey(key);
    if (!claim) return;
    if (claim.metadata.deletionTimestamp) return releaseClaim(claim);
    if (claim.metadata.annotations?.[BIND_COMPLETED]) return watchBound(claim);
    const volume = findVolume(volumes.list(), claim);
    if (volume) await bind(claim, volume);
    else await explain(claim);
  }

  async function releaseClaim(claim: Claim): Promise<void> {
    const inUse = pods
      .list(claim.metadata.namespace)
      .some(pod => !isFinished(pod) && pod.spec.nodeName && claimsOf(pod).includes(claim.metadata.name ?? ''));
    if (!inUse) await dropFinalizer(claims, claim, CLAIM_PROTECTION);
  }

  async function watchBound(claim: Claim): Promise<void> {
    const volume = volumes.get(undefined, claim.spec.volumeName ?? '');
    if (volume && isClaimedBy(volume, claim)) {
      if (claim.status?.phase !== 'Bound') await bind(claim, volume);
      return;
    }
    if (claim.status?.phase === 'Lost') return;
    host.events.record(COMPONENT, claim, {
      type: 'Warning',
      reason: 'ClaimLost',
      message: 'Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    });
    await claims.update({ ...claim, status: { ...claim.status, phase: 'Lost' } }, { subresource: 'status' });
  }

  async function bind(claim: Claim, volume: Volume): Promise<void> {
    const { apiVersion, kind, metadata } = claim;
    const { namespace = '', name = '', uid = '', resourceVersion = '' } = metadata;
    if (volume.spec.claimRef?.uid !== uid) {
      const chosenHere = volume.spec.claimRef === undefined;
      volume = await volumes.update({
        ...volume,
        metadata: {
          ...volume.metadata,
          ...(chosenHere ? { annotations: { ...volume.metadata.annotations, [BOUND_BY_CONTROLLER]: 'yes' } } : {}),
        },
        spec: { ...volume.spec, claimRef: { apiVersion, kind, namespace, name, uid, resourceVersion } },
      });
    }
    await setPhase(volume, 'Bound');
    if (!claim.metadata.annotations?.[BIND_COMPLETED]) {
      const chosenHere: Record<string, string> = claim.spec.volumeName ? {} : { [BOUND_BY_CONTROLLER]: 'yes' };
      claim = await claims.update({
        ...claim,
        metadata: { ...metadata, annotations: { ...metadata.annotations, [BIND_COMPLETED]: 'yes', ...chosenHere } },
        spec: { ...claim.spec, volumeName: volume.metadata.name ?? '' },
      });
    }
    const { accessModes = [], capacity = {} } = volume.spec;
    const status = { ...claim.status, phase: 'Bound', accessModes, capacity: { ...capacity } as Record<string, string> };
    if (canonical(status) !== canonical(claim.status)) await claims.update({ ...claim, status }, { subresource: 'status' });
  }

  async function explain(claim: Claim): Promise<void> {
    const { storageClassName } = claim.spec;
    if (!storageClassName)
      host.events.record(COMPONENT, claim, {
        reason: 'FailedBinding',
        message: 'no persistent volumes available for this claim and no storage class is set',
      });
    else if (!classes.get(undefined, storageClassName))
      host.events.record(COMPONENT, claim, {
        type: 'Warning',
        reason: 'ProvisioningFailed',
        message: `storageclass.storage.k8s.io "${storageClassName}" not found`,
      });
    if (claim.status?.phase !== 'Pending')
      await claims.update({ ...claim, status: { ...claim.status, phase: 'Pending' } }, { subresource: 'status' });
  }

  async function syncVolume(name: string): Promise<void> {
    const volume = volumes.getByKey(name);
    if (!volume) return;
    const { claimRef, persistentVolumeReclaimPolicy } = volume.spec;
    const claim = claimRef?.name ? claims.get(claimRef.namespace, claimRef.name) : undefined;
    const isBound = claimRef?.uid !== undefined && claim?.metadata.uid === claimRef.uid;
    if (volume.metadata.deletionTimestamp) {
      if (!isBound) await dropFinalizer(volumes, volume, VOLUME_PROTECTION);
      return;
    }
    if (isBound) return;
    if (!claimRef?.uid) await setPhase(volume, 'Available');
    else if (volume.status?.phase === 'Bound' || volume.status?.phase === 'Released') {
      await setPhase(volume, 'Released');
      if (persistentVolumeReclaimPolicy === 'Delete') await volumes.delete(volume);
    }
  }

  async function setPhase(volume: Volume, phase: string): Promise<void> {
    const live = volumes.get(undefined, volume.metadata.name ?? '') ?? volume;
    if (live.status?.phase !== phase)
      await volumes.update({ ...live, status: { ...live.status, phase } }, { subresource: 'status' });
  }
}

function claimsOf(pod: Pod): string[] {
  return (pod.spec.volumes ?? []).flatMap(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName ?? []);
}

async function dropFinalizer<T extends Claim | Volume>(cache: ObjectCache<T>, object: T, finalizer: string): Promise<void> {
  const { finalizers = [], uid, resourceVersion } = object.metadata;
  if (!finalizers.includes(finalizer)) return;
  const left = finalizers.filter(each => each !== finalizer);
  try {
    await cache.patch(object, { metadata: { uid, resourceVersion, finalizers: left.length > 0 ? left : null } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
