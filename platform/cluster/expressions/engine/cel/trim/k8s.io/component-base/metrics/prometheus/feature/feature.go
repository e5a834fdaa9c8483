// Package feature has no metrics to record.
package feature

import "context"

func RecordFeatureInfo(context.Context, string, string, bool) {}
