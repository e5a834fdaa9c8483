import { describe, expect, it } from 'vitest';
import { strategyFor } from '../registry.ts';
import { created, strategyOf } from '../written-object.ts';

const target = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const hpa = (version: string, spec: object) => ({
  apiVersion: `autoscaling/${version}`,
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'a' },
  spec: { scaleTargetRef: target, maxReplicas: 5, ...spec },
});

describe('a HorizontalPodAutoscaler', () => {
  it('written as v1 reads as v2', () => {
    const { object, errors } = created(hpa('v1', { targetCPUUtilizationPercentage: 70 }));
    expect(errors).toEqual([]);
    expect(strategyOf(object).toStorage(object)).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: {
        minReplicas: 1,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
      },
      status: { currentMetrics: null, desiredReplicas: 0 },
    });
  });

  it('written as v2 keeps in v1 what v1 has no field for, and comes back whole', () => {
    const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '500Mi' } } };
    const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } };
    const { object } = created(
      hpa('v2', { metrics: [memory, cpu], behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }),
    );
    const old = strategyFor('autoscaling', 'v1', 'horizontalpodautoscalers');
    const asOld = old?.fromStorage(object);
    expect(asOld?.['spec']).toMatchObject({ targetCPUUtilizationPercentage: 60, maxReplicas: 5 });
    expect(asOld?.metadata.annotations?.['autoscaling.alpha.kubernetes.io/metrics']).toBe(
      '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"500Mi"}}]',
    );
    expect(asOld && old?.toStorage(asOld)['spec']).toEqual(object['spec']);
  });

  it('is refused with the words of Kubernetes', () => {
    expect(created(hpa('v2', { maxReplicas: 0 })).errors).toEqual([
      'spec.maxReplicas: Invalid value: 0: must be greater than 0',
      'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
    ]);
    expect(created(hpa('v2', { metrics: [{ type: 'Resource' }] })).errors).toEqual([
      'spec.metrics[0].resource: Required value: must populate information for the given metric source',
    ]);
  });

  it('shows its targets', () => {
    const { object } = created(hpa('v2', {}));
    object.metadata.creationTimestamp = '2026-01-01T00:00:00Z';
    expect(strategyOf(object).cells(object, new Date('2026-01-01T00:03:00Z'))).toEqual([
      'a',
      'Deployment/web',
      'cpu: <unknown>/80%',
      '1',
      5,
      0,
      '3m',
    ]);
  });
});
