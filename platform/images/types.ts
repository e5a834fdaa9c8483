// The words of the images' door: what an image is made of, and the parts of the OCI image specification 1.1 that we write.

export interface ImageFile {
  content: string | Uint8Array;
  /** Permission bits; 0644 when absent. */
  mode?: number;
}

/** What runs: the `config` of an image. */
export interface ImageConfig {
  entrypoint?: string[];
  cmd?: string[];
  env?: Record<string, string>;
  workdir?: string;
  /** `uid`, `uid:gid` or names. */
  user?: string;
  /** `8080/tcp` or `8080`. */
  exposedPorts?: string[];
}

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
}

export interface ImageManifest {
  schemaVersion: 2;
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  annotations?: Record<string, string>;
}

/** A layer's bytes: in memory, or in a file that stays until the image is pushed. */
export type LayerContent = { descriptor: Descriptor } & ({ bytes: Uint8Array } | { path: string });

/** The lower layers of an image and the configuration that they bring. */
export interface BaseImage {
  name: string;
  layers: LayerContent[];
  /** diff_ids, the digests of the uncompressed tars, in the order of `layers`. */
  diffIds: string[];
  config: ImageConfig;
  labels: Record<string, string>;
  architecture: string;
  os: string;
}

export interface BuildImageOptions {
  /** By path inside the image, without a leading slash. */
  files: ReadonlyMap<string, ImageFile>;
  base: BaseImage;
  config?: ImageConfig;
  labels?: Record<string, string>;
  /** The time in everything: of the commit, so that the same commit gives the same bytes. */
  created: Date;
}

export interface BuiltImage {
  /** Of the manifest: `sha256:…`. */
  digest: string;
  manifest: ImageManifest;
  manifestBytes: Uint8Array;
  configBytes: Uint8Array;
  layers: LayerContent[];
}
