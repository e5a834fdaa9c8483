package validation

import "time"

type ValidationMetrics interface {
	ObserveRatchetingTime(d time.Duration)
}

type noMetrics struct{}

func (noMetrics) ObserveRatchetingTime(time.Duration) {}

var Metrics ValidationMetrics = noMetrics{}
