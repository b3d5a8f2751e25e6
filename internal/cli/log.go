// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/go-logr/logr"
	"github.com/spf13/pflag"
	"k8s.io/klog/v2"
)

// Log holds the flags of a program's log.
type Log struct{ level, format string }

// AddFlags adds --log-level and --log-format.
func (l *Log) AddFlags(fs *pflag.FlagSet) {
	fs.StringVar(&l.level, "log-level", "info", "debug, info, warn or error")
	fs.StringVar(&l.format, "log-format", "json", "json or text")
}

// Open makes the logger, and makes client-go use it too. Its errors name the flag.
func (l *Log) Open(out io.Writer) (logr.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.level)); err != nil {
		return logr.Discard(), fmt.Errorf("%w: --log-level is %q; debug, info, warn or error is needed", ErrUsage, l.level)
	}
	settings := &slog.HandlerOptions{Level: level}
	var handler slog.Handler
	switch l.format {
	case "json":
		handler = slog.NewJSONHandler(out, settings)
	case "text":
		handler = slog.NewTextHandler(out, settings)
	default:
		return logr.Discard(), fmt.Errorf("%w: --log-format is %q; json or text is needed", ErrUsage, l.format)
	}
	log := logr.FromSlogHandler(handler)
	klog.SetLogger(log.WithName("client-go")) // or it would write lines of a form of its own
	return log, nil
}
