// The bump's edit: one tag in one kustomization.yaml, with every comment and blank line kept.
import { isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { DarumaError } from '../core/index.ts';

/**
 * Sets `newTag` of `image` under `images:` and returns the new text; the same text when it has that tag already. An image
 * that is not listed is added. A `digest` of that entry is removed, since it would outrank the tag.
 * @throws INVALID_INPUT when the text is not a YAML map or `images` is no list.
 */
export function setImageTag(text: string, image: string, tag: string): string {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !isMap(document.contents)) {
    throw new DarumaError('INVALID_INPUT', `kustomization.yaml is not a YAML map: ${document.errors[0]?.message ?? 'no map'}`, {
      hint: 'mend the file in the GitOps repository, then push again',
    });
  }
  const images = document.get('images');
  if (images !== undefined && images !== null && !isSeq(images)) {
    throw new DarumaError('INVALID_INPUT', 'images in kustomization.yaml is no list', {
      hint: 'write a list of {name, newTag} under images',
    });
  }
  const entries = isSeq(images) ? images.items.filter((item): item is YAMLMap => isMap(item)) : [];
  const entry = entries.find(item => item.get('name') === image);
  if (entry?.get('newTag') === tag && !entry.has('digest')) return text;
  const current = entry?.get('newTag', true);
  if (entry && !entry.has('digest') && isScalar(current) && current.range) {
    const [start, end] = current.range;
    return `${text.slice(0, start)}${asScalar(tag)}${text.slice(end)}`;
  }
  if (entry) {
    entry.set('newTag', tag);
    entry.delete('digest');
  } else if (isSeq(images)) {
    images.add(document.createNode({ name: image, newTag: tag }));
  } else {
    document.set('images', document.createNode([{ name: image, newTag: tag }]));
  }
  return document.toString({ lineWidth: 0, indentSeq: /^\s+- /m.test(text), flowCollectionPadding: !/\{\S/.test(text) });
}

/** Quoted where plain text would be read as something else than this string. */
function asScalar(tag: string): string {
  return /^[A-Za-z][\w.-]*$|^\w*[A-Za-df-z]\w*[-.][\w.-]*$/.test(tag) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(tag)
    ? tag
    : JSON.stringify(tag);
}
