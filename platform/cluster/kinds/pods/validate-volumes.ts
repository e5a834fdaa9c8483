// Validation of volumes: exactly one source each, and the rules of the sources that daruma's users meet.
import type { FieldError } from '../../schema/index.ts';
import { validateClaimSpec } from '../core/claim-validation.ts';
import { forbidden, invalid, nonNegative, required, unsupported } from '../field-errors.ts';
import { dnsLabel, dnsSubdomain } from '../meta/names.ts';
import type { PodSpec, Volume } from './types.ts';
import { validateQuantity } from './validate-resources.ts';

// In the order in which the real server looks at them, which decides who is "more than 1".
const SOURCES = [
  'emptyDir',
  'hostPath',
  'gitRepo',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'secret',
  'nfs',
  'iscsi',
  'glusterfs',
  'flocker',
  'persistentVolumeClaim',
  'rbd',
  'cinder',
  'cephfs',
  'quobyte',
  'downwardAPI',
  'fc',
  'configMap',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'storageos',
  'projected',
  'scaleIO',
  'csi',
  'ephemeral',
  'image',
] as const;

const MODE = 'must be a number between 0 and 0777 (octal), both inclusive';
const HOST_PATH_TYPES = ['', 'DirectoryOrCreate', 'Directory', 'FileOrCreate', 'File', 'Socket', 'CharDevice', 'BlockDevice'];

function validateMode(mode: number | undefined, field: string): FieldError[] {
  return mode !== undefined && mode !== null && (mode < 0 || mode > 0o777) ? [invalid(field, mode, MODE)] : [];
}

function validateLocalPath(path: string, field: string): FieldError[] {
  if (path.startsWith('/')) return [invalid(field, path, 'must be a relative path')];
  if (path.split('/').includes('..')) return [invalid(field, path, "must not contain '..'")];
  return [];
}

interface KeyToPath {
  key?: string;
  path?: string;
  mode?: number;
}

function validateItems(items: readonly KeyToPath[] | undefined, field: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, { key, path, mode }] of (items ?? []).entries()) {
    const at = `${field}.items[${index}]`;
    if (!key) errors.push(required(`${at}.key`));
    if (!path) errors.push(required(`${at}.path`));
    else errors.push(...validateLocalPath(path, `${at}.path`));
    errors.push(...validateMode(mode, `${at}.mode`));
  }
  return errors;
}

const CONVERTIBLE = [
  'spec.nodeName',
  'spec.restartPolicy',
  'spec.schedulerName',
  'spec.serviceAccountName',
  'spec.hostNetwork',
  'status.phase',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const VOLUME_FIELDS = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];

function validateDownward(items: NonNullable<Volume['downwardAPI']>['items'], field: string): FieldError[] {
  const errors: FieldError[] = [];
  // The real server leaves the index out of these paths.
  const at = field;
  for (const item of items ?? []) {
    if (!item.path) errors.push(required(`${at}.path`));
    else errors.push(...validateLocalPath(item.path, `${at}.path`));
    if (item.fieldRef && item.resourceFieldRef) {
      errors.push(invalid(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    } else if (item.fieldRef) {
      const path = item.fieldRef.fieldPath ?? '';
      const known =
        /^metadata\.(annotations|labels|name|namespace|uid)$/.test(path) || /^metadata\.(annotations|labels)\['.+'\]$/.test(path);
      if (!path) errors.push(required(`${at}.fieldRef.fieldPath`));
      else if (!known && !CONVERTIBLE.includes(path)) {
        errors.push(invalid(`${at}.fieldRef.fieldPath`, path, `error converting fieldPath: field label not supported: ${path}`));
      } else if (!known) {
        const values = ['metadata.annotations', 'metadata.labels', 'metadata.name', 'metadata.namespace', 'metadata.uid'];
        errors.push(unsupported(`${at}.fieldRef.fieldPath`, path, values));
      }
    } else if (item.resourceFieldRef) {
      if (!item.resourceFieldRef.containerName) errors.push(required(`${at}.resourceFieldRef.containerName`));
      const resource = item.resourceFieldRef.resource ?? '';
      if (!VOLUME_FIELDS.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
        errors.push(unsupported(`${at}.resourceFieldRef.resource`, resource, VOLUME_FIELDS));
      }
    } else errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
    errors.push(...validateMode(item.mode, `${at}.mode`));
  }
  return errors;
}

function validateProjected(projected: NonNullable<Volume['projected']>, field: string): FieldError[] {
  const errors: FieldError[] = validateMode(projected.defaultMode, `${field}.defaultMode`);
  for (const [index, source] of (projected.sources ?? []).entries()) {
    const at = `${field}.sources[${index}]`;
    const given = (['secret', 'configMap', 'downwardAPI', 'serviceAccountToken', 'clusterTrustBundle'] as const).filter(
      name => source[name],
    );
    for (const name of given.slice(1))
      errors.push(forbidden(`${at}.${name}`, 'may not specify more than 1 volume type per source'));
    switch (given[0]) {
      case 'secret':
      case 'configMap':
        if (!source[given[0]]?.name) errors.push(required(`${at}.${given[0]}.name`));
        errors.push(...validateItems(source[given[0]]?.items, `${at}.${given[0]}`));
        break;
      case 'downwardAPI':
        errors.push(...validateDownward(source.downwardAPI?.items, `${at}.downwardAPI`));
        break;
      case 'serviceAccountToken': {
        const seconds = source.serviceAccountToken?.expirationSeconds;
        if (typeof seconds === 'number' && seconds < 600) {
          errors.push(
            invalid(`${at}.serviceAccountToken.expirationSeconds`, seconds, 'may not specify a duration less than 10 minutes'),
          );
        }
        if (!source.serviceAccountToken?.path) errors.push(required(`${at}.serviceAccountToken.path`));
        break;
      }
      case undefined:
      case 'clusterTrustBundle':
        break;
    }
  }
  return errors;
}

function validateSource(volume: Volume, name: (typeof SOURCES)[number], field: string): FieldError[] {
  switch (name) {
    case 'emptyDir':
      return volume.emptyDir?.sizeLimit === undefined ? [] : validateQuantity(volume.emptyDir.sizeLimit, `${field}.sizeLimit`);
    case 'hostPath': {
      const { path, type } = volume.hostPath ?? {};
      if (!path) return [required(`${field}.path`)];
      const errors = path.split('/').includes('..') ? [invalid(`${field}.path`, path, "must not contain '..'")] : [];
      if (!HOST_PATH_TYPES.includes(type ?? '')) errors.push(unsupported(`${field}.type`, type, [...HOST_PATH_TYPES].sort()));
      return errors;
    }
    case 'secret':
      return [
        ...(volume.secret?.secretName ? [] : [required(`${field}.secretName`)]),
        ...validateMode(volume.secret?.defaultMode, `${field}.defaultMode`),
        ...validateItems(volume.secret?.items, field),
      ];
    case 'configMap':
      return [
        ...(volume.configMap?.name ? [] : [required(`${field}.name`)]),
        ...validateMode(volume.configMap?.defaultMode, `${field}.defaultMode`),
        ...validateItems(volume.configMap?.items, field),
      ];
    case 'persistentVolumeClaim':
      return volume.persistentVolumeClaim?.claimName ? [] : [required(`${field}.claimName`)];
    case 'downwardAPI':
      return [
        ...validateMode(volume.downwardAPI?.defaultMode, `${field}.defaultMode`),
        ...validateDownward(volume.downwardAPI?.items, field),
      ];
    case 'projected':
      return validateProjected(volume.projected ?? {}, field);
    case 'nfs': {
      const errors: FieldError[] = [];
      if (!volume.nfs?.server) errors.push(required(`${field}.server`));
      if (!volume.nfs?.path) errors.push(required(`${field}.path`));
      else if (!volume.nfs.path.startsWith('/'))
        errors.push(invalid(`${field}.path`, volume.nfs.path, 'must be an absolute path'));
      return errors;
    }
    case 'csi':
      return volume.csi?.driver
        ? dnsSubdomain(volume.csi.driver.toLowerCase()).map(message => invalid(`${field}.driver`, volume.csi?.driver, message))
        : [required(`${field}.driver`)];
    case 'ephemeral':
      if (!volume.ephemeral?.volumeClaimTemplate) return [required(`${field}.volumeClaimTemplate`)];
      return validateClaimSpec(volume.ephemeral.volumeClaimTemplate.spec ?? {}, `${field}.volumeClaimTemplate.spec`);
    case 'image':
      return volume.image?.reference ? [] : [required(`${field}.reference`)];
    case 'iscsi':
      return nonNegative(volume.iscsi?.lun, `${field}.lun`);
    default:
      return [];
  }
}

export function validateVolumes(volumes: PodSpec['volumes'], field: string): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [index, volume] of (volumes ?? []).entries()) {
    const at = `${field}[${index}]`;
    const sourceErrors: FieldError[] = [];
    const given = SOURCES.filter(name => volume[name] !== undefined && volume[name] !== null);
    for (const [order, name] of given.entries()) {
      if (order === 0) sourceErrors.push(...validateSource(volume, name, `${at}.${name}`));
      else sourceErrors.push(forbidden(`${at}.${name}`, 'may not specify more than 1 volume type'));
    }
    if (given.length === 0) sourceErrors.push(required(at, 'must specify a volume type'));
    const name = volume.name ?? '';
    if (!name) sourceErrors.push(required(`${at}.name`));
    else {
      const complaints = dnsLabel(name);
      sourceErrors.push(...complaints.map(message => invalid(`${at}.name`, name, message)));
      if (complaints.length === 0 && seen.has(name))
        sourceErrors.push({ type: 'Duplicate value', field: `${at}.name`, badValue: name, detail: '' });
    }
    seen.add(name);
    errors.push(...sourceErrors);
  }
  return errors;
}

/** Mounts and devices of one container against the volumes of its pod. */
export function validateMounts(
  mounts: NonNullable<PodSpec['containers']>[number]['volumeMounts'],
  volumes: ReadonlySet<string>,
  field: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const paths: string[] = [];
  for (const [index, mount] of (mounts ?? []).entries()) {
    const at = `${field}[${index}]`;
    if (!mount.name) errors.push(required(`${at}.name`));
    if (!volumes.has(mount.name ?? ''))
      errors.push({ type: 'Not found', field: `${at}.name`, badValue: mount.name ?? '', detail: '' });
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
    if (paths.includes(mount.mountPath ?? '')) errors.push(invalid(`${at}.mountPath`, mount.mountPath ?? '', 'must be unique'));
    paths.push(mount.mountPath ?? '');
    if (mount.subPath) errors.push(...validateLocalPath(mount.subPath, `${field}.subPath`));
    if (mount.subPathExpr) {
      if (mount.subPath)
        errors.push(invalid(`${field}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
      errors.push(...validateLocalPath(mount.subPathExpr, `${field}.subPathExpr`));
    }
  }
  return errors;
}
