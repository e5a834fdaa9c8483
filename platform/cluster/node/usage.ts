// CPU and memory that containers use, read from /proc.

export interface PodUsage {
  namespace: string;
  name: string;
  containers: { name: string; cpuNanocores: number; memoryBytes: number }[];
}
