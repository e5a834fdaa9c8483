// StorageClasses and the kinds of the storage drivers.
import type {
  V1CSIDriver,
  V1CSINode,
  V1StorageClass,
  V1VolumeAttachment,
  V1VolumeAttributesClass,
} from '@kubernetes/client-node';
import type { FieldError } from '../../schema/index.ts';
import { forbidden, required, unsupported } from '../field-errors.ts';
import { type KindRules, rulesFor } from '../kind-rules.ts';
import { type Loose, sameValue, setDefault } from '../objects.ts';
import { age, nameOf } from '../tables/cells.ts';

type StorageClass = Loose<V1StorageClass>;
const RECLAIM = ['Delete', 'Retain'];
const BINDING = ['Immediate', 'WaitForFirstConsumer'];
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';
const OLD_DEFAULT_CLASS = 'storageclass.beta.kubernetes.io/is-default-class';

const isDefault = (obj: { metadata?: { annotations?: Record<string, string> } }, ...keys: string[]): boolean =>
  keys.some(key => obj.metadata?.annotations?.[key] === 'true');

export const storageClassRules: KindRules = rulesFor<StorageClass>({
  defaults(one) {
    setDefault(one, 'reclaimPolicy', 'Delete');
    setDefault(one, 'volumeBindingMode', 'Immediate');
  },
  validate(one) {
    const errors: FieldError[] = [];
    if (!one.provisioner) errors.push(required('provisioner', one.provisioner));
    if (one.reclaimPolicy && !RECLAIM.includes(one.reclaimPolicy))
      errors.push(unsupported('reclaimPolicy', one.reclaimPolicy, RECLAIM));
    if (!one.volumeBindingMode) errors.push(required('volumeBindingMode'));
    else if (!BINDING.includes(one.volumeBindingMode))
      errors.push(unsupported('volumeBindingMode', one.volumeBindingMode, BINDING));
    return errors;
  },
  validateChange(next, previous) {
    const errors: FieldError[] = [];
    if (!sameValue(next.parameters, previous.parameters))
      errors.push(forbidden('parameters', 'updates to parameters are forbidden.'));
    if (next.provisioner !== previous.provisioner) errors.push(forbidden('provisioner', 'updates to provisioner are forbidden.'));
    if (next.reclaimPolicy !== previous.reclaimPolicy)
      errors.push(forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.'));
    if (next.volumeBindingMode !== previous.volumeBindingMode) {
      errors.push({
        type: 'Invalid value',
        field: 'volumeBindingMode',
        badValue: next.volumeBindingMode ?? null,
        detail: 'field is immutable',
      });
    }
    return errors;
  },
  cells: (obj, now) => [
    nameOf(obj) + (isDefault(obj, DEFAULT_CLASS, OLD_DEFAULT_CLASS) ? ' (default)' : ''),
    obj.provisioner ?? '',
    obj.reclaimPolicy ?? 'Delete',
    obj.volumeBindingMode ?? '<unset>',
    obj.allowVolumeExpansion ?? false,
    age(obj, now),
  ],
  deletion: { returnsObject: true },
});

export const csiDriverRules: KindRules = rulesFor<Loose<V1CSIDriver>>({
  defaults(driver) {
    const spec = (driver.spec ??= {});
    setDefault(spec, 'attachRequired', true);
    setDefault(spec, 'podInfoOnMount', false);
    setDefault(spec, 'storageCapacity', false);
    setDefault(spec, 'fsGroupPolicy', 'ReadWriteOnceWithFSType');
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ['Persistent'];
    setDefault(spec, 'requiresRepublish', false);
    setDefault(spec, 'seLinuxMount', false);
  },
  allowUnconditionalUpdate: false,
  cells(obj, now) {
    const { spec = {} } = obj;
    const tokens = (spec.tokenRequests ?? []).map(({ audience }) => audience ?? '').join(',');
    return [
      nameOf(obj),
      spec.attachRequired ?? true,
      spec.podInfoOnMount ?? false,
      spec.storageCapacity ?? false,
      tokens || '<unset>',
      spec.requiresRepublish ?? false,
      (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
      age(obj, now),
    ];
  },
});

export const csiNodeRules: KindRules = rulesFor<Loose<V1CSINode>>({
  allowUnconditionalUpdate: false,
  cells: (obj, now) => [nameOf(obj), obj.spec?.drivers?.length ?? 0, age(obj, now)],
});

export const volumeAttachmentRules: KindRules = rulesFor<Loose<V1VolumeAttachment>>({
  allowUnconditionalUpdate: false,
  initialStatus: () => ({ attached: false }),
  cells: (obj, now) => [
    nameOf(obj),
    obj.spec?.attacher ?? '',
    obj.spec?.source?.persistentVolumeName ?? '',
    obj.spec?.nodeName ?? '',
    obj.status?.attached ?? false,
    age(obj, now),
  ],
});

export const volumeAttributesClassRules: KindRules = rulesFor<Loose<V1VolumeAttributesClass>>({
  validate: obj => (obj.driverName ? [] : [required('driverName')]),
  validateChange: (next, previous) =>
    sameValue(next.parameters, previous.parameters) ? [] : [forbidden('parameters', 'updates to parameters are forbidden.')],
  cells: (obj, now) => [nameOf(obj), obj.driverName ?? '', age(obj, now)],
});
