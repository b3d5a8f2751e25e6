// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

func newLogger(o *options, out io.Writer) (logr.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return logr.Discard(), fmt.Errorf("--log-level is %q; debug, info, warn or error is needed", o.logLevel)
	}
	settings := &slog.HandlerOptions{Level: level}
	var handler slog.Handler
	switch o.logFormat {
	case "json":
		handler = slog.NewJSONHandler(out, settings)
	case "text":
		handler = slog.NewTextHandler(out, settings)
	default:
		return logr.Discard(), fmt.Errorf("--log-format is %q; json or text is needed", o.logFormat)
	}
	log := logr.FromSlogHandler(handler)
	klog.SetLogger(log.WithName("client-go")) // or it would write lines of a form of its own
	return log, nil
}
