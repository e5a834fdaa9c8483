// Package metrics has no metrics to record.
package metrics

import (
	"context"
	"time"
)

type AdmissionMetrics struct{}

var Metrics = &AdmissionMetrics{}

func (*AdmissionMetrics) ObserveMatchConditionEvalError(context.Context, string, string, string, string) {
}

func (*AdmissionMetrics) ObserveMatchConditionExclusion(context.Context, string, string, string, string) {
}

func (*AdmissionMetrics) ObserveMatchConditionEvaluationTime(context.Context, time.Duration, string, string, string, string) {
}
