// The diff's door: pure functions over desired and live objects.
export { FIELD_MANAGER, localChanges } from './compare.ts';
export { desiredObject } from './desired.ts';
export { type ForeignField, foreignFields, removalPatch } from './foreign-fields.ts';
export { keepingIgnored, maskChanges, rulesFor, withoutIgnored } from './ignore-differences.ts';
export { objectChanges, withoutServerFields } from './object-diff.ts';
