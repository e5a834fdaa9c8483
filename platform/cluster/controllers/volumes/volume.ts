// The fields of claims and volumes, and which volume suits a claim.
import type { KubeObject } from '../../../kube/index.ts';
import { type LabelSelector, selectorMatches } from '../../controller-runtime/index.ts';
import { compareQuantity, parseQuantity } from '../../schema/index.ts';

export const BIND_COMPLETED = 'pv.kubernetes.io/bind-completed';
export const BOUND_BY_CONTROLLER = 'pv.kubernetes.io/bound-by-controller';

export interface Claim extends KubeObject {
  spec: {
    accessModes?: string[];
    resources?: { requests?: { storage?: string } };
    storageClassName?: string;
    volumeMode?: string;
    volumeName?: string;
    selector?: LabelSelector;
  };
  status?: { phase?: string; accessModes?: string[]; capacity?: Record<string, string> };
}

export interface Volume extends KubeObject {
  spec: {
    accessModes?: string[];
    capacity?: { storage?: string };
    storageClassName?: string;
    volumeMode?: string;
    persistentVolumeReclaimPolicy?: string;
    claimRef?: { apiVersion?: string; kind?: string; namespace?: string; name?: string; uid?: string; resourceVersion?: string };
  };
  status?: { phase?: string };
}

export function isClaimedBy(volume: Volume, claim: Claim): boolean {
  const { claimRef } = volume.spec;
  return (
    claimRef?.namespace === claim.metadata.namespace &&
    claimRef?.name === claim.metadata.name &&
    (!claimRef?.uid || claimRef.uid === claim.metadata.uid)
  );
}

function sizeOf(volume: Volume) {
  return parseQuantity(volume.spec.capacity?.storage ?? '0');
}

function suits(volume: Volume, claim: Claim): boolean {
  if (volume.metadata.deletionTimestamp) return false;
  const wanted = claim.spec;
  if (wanted.volumeName && wanted.volumeName !== volume.metadata.name) return false;
  if (volume.spec.claimRef && !isClaimedBy(volume, claim)) return false;
  if ((volume.spec.storageClassName ?? '') !== (wanted.storageClassName ?? '')) return false;
  if ((volume.spec.volumeMode ?? 'Filesystem') !== (wanted.volumeMode ?? 'Filesystem')) return false;
  if (wanted.selector && !selectorMatches(wanted.selector, volume.metadata.labels)) return false;
  if (!(wanted.accessModes ?? []).every(mode => volume.spec.accessModes?.includes(mode))) return false;
  return compareQuantity(sizeOf(volume), parseQuantity(wanted.resources?.requests?.storage ?? '0')) >= 0;
}

/** The volume that is meant for the claim, or else the smallest that suits. */
export function findVolume(volumes: Volume[], claim: Claim): Volume | undefined {
  const suitable = volumes.filter(volume => suits(volume, claim));
  suitable.sort((a, b) => Number(isClaimedBy(b, claim)) - Number(isClaimedBy(a, claim)) || compareQuantity(sizeOf(a), sizeOf(b)));
  return suitable[0];
}
