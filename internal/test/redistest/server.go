// SPDX-License-Identifier: Apache-2.0

// Package redistest runs a Redis or Valkey server of its own, for tests and benchmarks.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Find returns the program: $REDIS_SERVER, redis-server or valkey-server on PATH, or what hack/redis.sh has unpacked.
func Find() (string, error) {
	candidates := []string{os.Getenv("REDIS_SERVER"), "redis-server", "valkey-server"}
	if _, file, _, ok := runtime.Caller(0); ok {
		candidates = append(candidates, filepath.Join(filepath.Dir(file), "..", "..", "..", "bin", "redis", "redis-server"))
	}
	for _, name := range candidates {
		if name == "" {
			continue
		}
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("no redis-server: set REDIS_SERVER, install Debian's redis-server, or run hack/redis.sh, which unpacks it")
}

// Server is one that runs.
type Server struct {
	// Address is host:port.
	Address string

	program string
	args    []string
	port    string
	dir     string
	process *exec.Cmd
	exited  chan struct{}
}

// Run starts a server in a folder, which keeps nothing, on a free port. The arguments are the server's own options, in which
// PORT stands for the port; with --tls-port it speaks TLS alone.
func Run(ctx context.Context, dir string, args ...string) (*Server, error) {
	program, err := Find()
	if err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("find a free port: %w", err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // the server takes its place
	s := &Server{Address: address, program: program, args: args, dir: dir}
	_, s.port, _ = net.SplitHostPort(address)
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

const patience = 10 * time.Second

// Start starts it, again at the same address if Kill has ended it, and waits until it answers.
func (s *Server) Start(ctx context.Context) error {
	args := []string{"--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir, "--port"}
	if slices.Contains(s.args, "--tls-port") {
		args = append(args, "0")
	} else {
		args = append(args, s.port)
	}
	for _, arg := range s.args {
		args = append(args, strings.ReplaceAll(arg, "PORT", s.port))
	}
	s.process = exec.CommandContext(context.WithoutCancel(ctx), s.program, args...)
	var log strings.Builder
	s.process.Stdout, s.process.Stderr = &log, &log
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.program, err)
	}
	exited := make(chan struct{})
	s.exited = exited
	go func() { defer close(exited); _ = s.process.Wait() }()
	deadline := time.Now().Add(patience)
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", s.Address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-exited:
			return fmt.Errorf("%s has ended: %s", s.program, log.String())
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			s.Kill()
			return fmt.Errorf("%s does not listen: %w", s.program, err)
		}
	}
}

// Kill ends it as a crash would, and with it what it had counted.
func (s *Server) Kill() {
	_ = s.process.Process.Kill() // it may have ended
	<-s.exited
}
