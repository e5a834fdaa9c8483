// Package compatversion has no metrics to record.
package compatversion

import "context"

func RecordCompatVersionInfo(context.Context, string, string, string, string) {}
