// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

func newLogger(o *options, out io.Writer) (logr.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return logr.Discard(), fmt.Errorf("--log-level is %q; debug, info, warn or error is needed", o.logLevel)
	}
	settings := &slog.HandlerOptions{Level: level}
	switch o.logFormat {
	case "json":
		return logr.FromSlogHandler(slog.NewJSONHandler(out, settings)), nil
	case "text":
		return logr.FromSlogHandler(slog.NewTextHandler(out, settings)), nil
	default:
		return logr.Discard(), fmt.Errorf("--log-format is %q; json or text is needed", o.logFormat)
	}
}

// setLogger makes all libraries log alike.
func setLogger(log logr.Logger) {
	ctrl.SetLogger(log)
	klog.SetLogger(log.WithName("client-go"))
}
