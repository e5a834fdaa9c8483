// What form of answer a client accepts: media type, and whether as a Table or as metadata alone.
import { notAcceptable } from '../status-error.ts';

export interface Accepted {
  mediaType: 'application/json' | 'application/yaml';
  /** `json;stream=watch` and such do not matter; transformations do. */
  as?: { kind: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'; version: 'v1' | 'v1beta1' };
  pretty: boolean;
}

interface MediaRange {
  type: string;
  parameters: Record<string, string>;
  quality: number;
}

const SUPPORTED = ['application/json', 'application/yaml'];
const FORMS = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList']);
const VERSIONS = new Set(['v1', 'v1beta1']);

function ranges(accept: string): MediaRange[] {
  return accept
    .split(',')
    .map(part => {
      const [type = '', ...rest] = part.split(';').map(piece => piece.trim());
      const parameters: Record<string, string> = {};
      for (const piece of rest) {
        const [key = '', value = ''] = piece.split('=');
        parameters[key] = value;
      }
      const quality = parameters['q'] === undefined ? 1 : Number(parameters['q']);
      return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality };
    })
    .filter(range => range.type !== '' && range.quality > 0)
    .sort((a, b) => b.quality - a.quality);
}

function mediaTypeOf(type: string): Accepted['mediaType'] | undefined {
  if (type === 'application/json' || type === '*/*' || type === 'application/*') return 'application/json';
  if (type === 'application/yaml') return 'application/yaml';
  return undefined;
}

/** @throws StatusError 406 when nothing fits. `transforms`: the endpoint can answer as Table or metadata. */
export function negotiate(accept: string | undefined, query: URLSearchParams, { transforms = false } = {}): Accepted {
  const pretty = query.has('pretty') && query.get('pretty') !== 'false' && query.get('pretty') !== '0';
  if (!accept || accept.trim() === '') return { mediaType: 'application/json', pretty };
  for (const { type, parameters } of ranges(accept)) {
    const mediaType = mediaTypeOf(type);
    if (!mediaType) continue;
    const { as, v, g } = parameters;
    if (as === undefined) return { mediaType, pretty };
    if (!transforms || !FORMS.has(as) || g !== 'meta.k8s.io' || !VERSIONS.has(v ?? '')) continue;
    return { mediaType, pretty, as: { kind: as, version: v } as NonNullable<Accepted['as']> };
  }
  throw notAcceptable(transforms ? [...SUPPORTED] : SUPPORTED);
}
